import Base
import Cloud
import Testing

@Suite struct UsageFileTests {
    func faults(_ text: String) -> [String] {
        guard case .failure(let faults) = UsageFile.read([UInt8](text.utf8)) else { return [] }
        return faults.faults.map(\.description)
    }

    @Test("a wrong file gets every error at once, with path, expectation and nearest word")
    func everyError() {
        let text = """
            { "schema": "streamr-sim/usage/1", "region": "eu-west1", "regime": "ondemand",
              "perod": "730 h", "period": "730 hours", "usage": [] }
            """
        #expect(
            faults(text) == [
                "$.region: expected one of eu-west-1, us-east-1, found \"eu-west1\"; "
                    + "did you mean \"eu-west-1\"?",
                "$.regime: expected one of on-demand, legacy-free-tier, "
                    + "legacy-free-tier-strict, free-plan, found \"ondemand\"; "
                    + "did you mean \"on-demand\"?",
                "$.period: expected a time in whole minutes such as \"730 h\" or \"30 d\", "
                    + "ten years at most, found \"730 hours\"",
                "$.perod: expected only schema, description, region, credits, regime, gigabyte, "
                    + "period, taxPercent, owedToNodes, usage, found \"perod\"; "
                    + "did you mean \"period\"?",
            ])
    }

    @Test("every wrong item is told, by its place")
    func everyItem() {
        let text = """
            { "schema": "streamr-sim/usage/1", "region": "eu-west-1", "regime": "on-demand",
              "period": "30 d", "usage": [
                { "id": "a", "price": "ec2:t3.mico", "quantity": "720 h" },
                { "id": "b", "price": "egress:internet", "quantity": "2053.125 Gb" },
                { "id": "c", "price": "secret" },
                { "id": "c", "price": "secret", "quantity": "1 month" },
                { "id": "c", "price": "secret", "quantity": "1 month", "unit": "month" },
                { "id": "d", "price": "ec2:t3.micro", "quantity": "-1 h" },
                7 ] }
            """
        #expect(
            faults(text) == [
                "$.usage[0].price: expected the id of a price (`streamr-sim prices` lists them), "
                    + "found \"ec2:t3.mico\"; did you mean \"ec2:t3.micro\"?",
                "$.usage[1].quantity: expected a decimal and one of the units GB, GiB, B such as "
                    + "\"1.5 GB\", within the limits, found \"2053.125 Gb\"; "
                    + "did you mean \"GB\"?",
                "$.usage[2].quantity: expected a decimal and a unit, found nothing",
                "$.usage[4].unit: expected only id, price, quantity, found \"unit\"",
                "$.usage[4].id: expected an id used once, found \"c\"",
                "$.usage[5].quantity: expected a decimal and one of the units h such as "
                    + "\"1.5 h\", within the limits, found \"-1 h\"",
                "$.usage[6]: expected an object, found a number",
            ])
    }

    @Test(
        "what is not JSON is refused",
        arguments: [
            "", "{", "{}x", "[1,]", "{\"a\":1,\"a\":2}", "{'a':1}", "01", "1.", "nul",
            "\"\\ud800\"", "\"\\q\"", "\"\u{1}\"", "\"open",
            String(repeating: "[", count: 100_000),
        ])
    func notJSON(text: String) {
        #expect(faults(text).count == 1)
        #expect(faults(text).first?.hasPrefix("$: expected") == true)
    }

    @Test("a quantity at the limits is priced, one past them is refused")
    func limits() throws {
        for (quantity, price, good) in [
            ("1000000 h", "ec2:t3.micro", true), ("1000000.0001 h", "ec2:t3.micro", false),
            ("0.00001 h", "ec2:t3.micro", false), ("1000000 GB", "egress:internet", true),
            ("1000000000000001 B", "egress:internet", false),
        ] {
            let items = (0..<Usage.itemsMax).map {
                #"{ "id": "\#($0)", "price": "\#(price)", "quantity": "\#(quantity)" }"#
            }
            let text = """
                { "schema": "streamr-sim/usage/1", "region": "eu-west-1", "period": "87599.983 h",
                  "regime": "free-plan", "credits": "1000000", "gigabyte": "binary",
                  "taxPercent": "99.9", "usage": [ \(items.joined(separator: ",")) ] }
                """
            let short = text.replacing("87599.983 h", with: "1 min")
            for text in [text.replacing("87599.983 h", with: "5255999 min"), short] {
                switch billReport([UInt8](text.utf8)) {
                case .success(let listing): #expect(good && !listing.json.isEmpty, "\(quantity)")
                case .failure(let faults): #expect(!good, "\(quantity): \(faults)")
                }
            }
        }
    }

    @Test("a file mutated at random is priced or refused, and never crashes", arguments: 1...40)
    func mutated(seed: UInt64) throws {
        var random = Random(seed: seed)
        let original = try Shipped.bytes("five-by-three.json")
        let words: [[UInt8]] = ["\"", "{", "}", "[", "]", ",", ":", "9", "0.", "null", "e9", "GB"]
            .map { Array($0.utf8) }
        var refused = 0
        for _ in 0..<50 {
            var bytes = original
            for _ in 0...random.below(4) {
                let at = Int(random.below(UInt64(bytes.count)))
                let end = min(bytes.count, at + Int(random.below(12)))
                switch random.below(4) {
                case 0: bytes[at] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes.removeSubrange(at..<end)
                case 2: bytes.insert(contentsOf: bytes[at..<end], at: at)
                case _: bytes.insert(contentsOf: words[Int(random.below(12))], at: at)
                }
            }
            switch billReport(bytes) {
            case .success(let listing): #expect(!listing.text.isEmpty, "seed \(seed)")
            case .failure(let faults):
                refused += 1
                #expect(!faults.faults.isEmpty, "seed \(seed)")
            }
        }
        #expect(refused > 0, "seed \(seed)")
    }
}
