/// Columns padded to their widest cell; the last is never padded.
public struct TextTable {
    private let rightAligned: [Int]
    private var rows: [[String]] = []

    public init(rightAligned: [Int]) { self.rightAligned = rightAligned }

    public mutating func add(_ row: [String]) { rows.append(row) }

    public var lines: [String] {
        let widths = (rows.first ?? []).indices.map { column in
            rows.map { $0[column].count }.max() ?? 0
        }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                if rightAligned.contains(column) { return space + cell }
                return column == row.count - 1 ? cell : cell + space
            }
            return cells.joined(separator: "  ")
        }
    }
}
