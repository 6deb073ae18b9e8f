import Base
import Results

/// `series.csv`: a row for every step with the time of its end in UTC, the seconds since the
/// start, and a column for each series (RFC 4180 with bare newlines). Units are in the summary.
enum SeriesFile {
    static func write(_ series: Series) -> [UInt8] {
        var text = TextBuffer()
        text.append("time,elapsed_s")
        for column in series.columns {
            check(column.values.count == series.rows, "\(column.name) has other rows")
            text.append(byte: UInt8(ascii: ","))
            text.append(field(column.name))
        }
        text.append(byte: UInt8(ascii: "\n"))
        for row in 0..<series.rows {
            let elapsed = series.step * Int64(row + 1)
            text.append(Moment(series.start + elapsed).text)
            text.append(byte: UInt8(ascii: ","))
            text.append(ExactNumber(seconds: elapsed).value)
            for column in series.columns {
                text.append(byte: UInt8(ascii: ","))
                text.append(column.values[row])
            }
            text.append(byte: UInt8(ascii: "\n"))
        }
        return text.bytes
    }

    /// Reads what `write` wrote; nil where the rows are not as the heading has them.
    static func read(_ bytes: [UInt8], heading: Summary.SeriesHeading, start: Instant) -> Series? {
        let step = heading.step.seconds
        let end = Int128(start.nanoseconds) + Int128(step.nanoseconds) * Int128(heading.rows)
        guard step > .zero, heading.rows >= 0, end < Int128(Instant.distantFuture.nanoseconds)
        else { return nil }
        var columns = heading.columns.map {
            Series.Column(name: $0.name, unit: $0.unit, values: [])
        }
        let lines = bytes.split(separator: UInt8(ascii: "\n")).dropFirst()
        guard lines.count == heading.rows else { return nil }
        for index in columns.indices { columns[index].values.reserveCapacity(heading.rows) }
        for line in lines {
            let fields = line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
            guard fields.count == columns.count + 2 else { return nil }
            for index in columns.indices {
                guard let value = Fixed(decimalDigits: fields[index + 2]) else { return nil }
                columns[index].values.append(value)
            }
        }
        return Series(start: start, step: step, columns: columns)
    }

    private static func field(_ name: String) -> String {
        let special: [Character] = [",", "\"", "\n", "\r", "\r\n"]
        guard name.contains(where: special.contains) else { return name }
        return "\""
            + name.split(separator: "\"", omittingEmptySubsequences: false)
            .joined(separator: "\"\"") + "\""
    }
}
