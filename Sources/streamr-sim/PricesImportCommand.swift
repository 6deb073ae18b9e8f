import ArgumentParser
import Cloud
import Foundation
import Plans

/// `streamr-sim prices import FILE...`: a price book from AWS's price-list offer files.
struct PricesImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Reads AWS's price-list offer files into a price book for `plan cost --prices`.",
        discussion: """
            Offer files are the JSON of the Price List Bulk API for one region \
            (offers/v1.0/aws/AmazonEC2/current/eu-west-1/index.json, and so on). On-demand prices \
            of EC2, EBS, NAT gateways and addresses, RDS for PostgreSQL, ElastiCache and load \
            balancers are taken; the rest keeps the shipped book's price and source.
            """)

    @Argument(help: ArgumentHelp("Offer files.", valueName: "index.json"))
    var files: [String]

    @Option(help: "The region that the offers are of.")
    var region = "eu-west-1"

    @Option(help: ArgumentHelp("Where the price book goes.", valueName: "book.json"))
    var out: String

    /// A region's EC2 offer has some 200 MB.
    static let bytesMax: UInt64 = 1 << 30

    func run() throws {
        guard var book = PriceBook.shipped(region: region) else {
            throw Failure.usage(
                "--region \(region): expected one of "
                    + PriceBook.regions.joined(separator: ", "))
        }
        var taken = 0
        for file in files {
            let offers = try read(file)
            guard let first = offers.first else {
                throw Failure.usage("\(file): no price in it that the book keeps")
            }
            book = book.updated(with: offers, date: String(first.effective.prefix(10)))
            taken += offers.count
        }
        try writeFile(book.json.text, to: out)
        print("\(taken) prices of \(files.count) offers are in \(out)")
    }

    private func read(_ path: String) throws -> [PriceBook.Offer] {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        guard let size = attributes?[.size] as? UInt64, size <= Self.bytesMax,
            let data = FileManager.default.contents(atPath: path)
        else { throw Failure.usage("\(path): no file of at most \(Self.bytesMax) bytes") }
        do {
            let offer = try JSONDecoder().decode(OfferFile.self, from: data)
            return offer.prices(region: region)
        } catch {
            throw Failure.usage("\(path): expected an offer file of AWS's price list")
        }
    }
}

/// An offer file of the Price List Bulk API, as far as it is read.
/// Source: AWS Billing User Guide, "Reading the service price list file".
struct OfferFile: Decodable {
    var offerCode: String
    var version: String
    var publicationDate: String
    var products: [String: Product]
    var terms: [String: [String: [String: Term]]]

    struct Product: Decodable {
        var sku: String
        var productFamily: String?
        var attributes: [String: String]
    }

    struct Term: Decodable {
        var effectiveDate: String
        var priceDimensions: [String: Dimension]
    }

    struct Dimension: Decodable {
        var beginRange: String?
        var endRange: String?
        var unit: String
        var pricePerUnit: [String: String]
    }

    /// Sorted by id; where two products are one price, the first by its number.
    func prices(region: String) -> [PriceBook.Offer] {
        var offers: [PriceBook.Offer] = []
        for product in products.values.sorted(by: { $0.sku < $1.sku }) {
            let home = product.attributes["regionCode"] ?? region
            guard home == region, let named = product.priceName, let term = term(product.sku),
                let tiers = term.tiers, !offers.contains(where: { $0.id == named.id })
            else { continue }
            offers.append(
                PriceBook.Offer(
                    id: named.id, service: named.service, title: named.id, unit: named.unit,
                    tiers: tiers, effective: String(term.effectiveDate.prefix(10)),
                    source: "AWS Price List, \(offerCode) offer \(version), published "
                        + publicationDate))
        }
        // A public address costs the same whoever has it; the book names it by who does.
        for offer in offers where offer.id == "ipv4:instance" {
            var other = offer
            (other.id, other.title) = ("ipv4:load-balancer", "ipv4:load-balancer")
            offers.append(other)
        }
        return offers.sorted { $0.id < $1.id }
    }

    private func term(_ sku: String) -> Term? {
        terms["OnDemand"]?[sku]?.sorted { $0.key < $1.key }.first?.value
    }
}

extension OfferFile.Term {
    /// In rising order; nil where it is not in dollars or not in plain decimals.
    var tiers: [PriceBook.Tier]? {
        var read: [(begin: Ratio, end: Ratio?, price: Ratio)] = []
        for dimension in priceDimensions.values {
            guard let text = dimension.pricePerUnit["USD"], let price = Ratio(trimmed: text),
                let begin = Ratio(trimmed: dimension.beginRange ?? "0")
            else { return nil }
            let end = dimension.endRange.flatMap { $0 == "Inf" ? nil : Ratio(trimmed: $0) }
            read.append((begin, end, price))
        }
        read.sort { $0.begin < $1.begin }
        guard !read.isEmpty, read.last?.end == nil else { return nil }
        return read.map { PriceBook.Tier(upTo: $0.end, price: $0.price) }
    }
}

extension Ratio {
    /// The list writes ten decimals, of which a book keeps nine: the tenth is always 0.
    fileprivate init?(trimmed text: String) {
        var digits = text[...]
        while digits.contains("."), digits.hasSuffix("0") { digits = digits.dropLast() }
        if digits.hasSuffix(".") { digits = digits.dropLast() }
        self.init(decimal: digits)
    }
}

extension OfferFile.Product {
    /// The price of the book that this product is.
    fileprivate var priceName: (id: String, service: String, unit: PriceBook.Unit)? {
        let usage = attributes["usagetype"] ?? ""
        switch productFamily {
        case "Compute Instance":
            guard attributes["operatingSystem"] == "Linux", attributes["tenancy"] == "Shared",
                attributes["preInstalledSw"] == "NA", attributes["capacitystatus"] == "Used",
                let type = attributes["instanceType"]
            else { return nil }
            return ("ec2:\(type)", "EC2", .hour)
        case "Storage":
            guard let name = attributes["volumeApiName"], ["gp2", "gp3"].contains(name) else {
                return nil
            }
            return ("ebs:\(name)", "EBS", .gigabyteMonth)
        case "NAT Gateway":
            if usage.hasSuffix("NatGateway-Hours") { return ("nat:hours", "VPC", .hour) }
            return usage.hasSuffix("NatGateway-Bytes") ? ("nat:data", "VPC", .gigabyte) : nil
        case "Load Balancer-Application":
            if usage.hasSuffix("LCUUsage") { return ("alb:lcu", "ELB", .lcuHour) }
            return usage.hasSuffix("LoadBalancerUsage") ? ("alb:hours", "ELB", .hour) : nil
        case "Load Balancer-Network":
            return usage.hasSuffix("LoadBalancerUsage") ? ("nlb:hours", "ELB", .hour) : nil
        case "VpcPublicIPv4Address", nil:
            return usage.hasSuffix("PublicIPv4:InUseAddress")
                ? ("ipv4:instance", "VPC", .hour) : nil
        case "Database Instance":
            guard attributes["databaseEngine"] == "PostgreSQL",
                attributes["deploymentOption"] == "Single-AZ",
                let type = attributes["instanceType"]
            else { return nil }
            return ("rds:\(type)", "RDS", .hour)
        case "Database Storage":
            guard attributes["deploymentOption"] == "Single-AZ",
                ["PostgreSQL", "Any"].contains(attributes["databaseEngine"])
            else { return nil }
            switch attributes["volumeType"] {
            case "General Purpose": return ("rds-storage:gp2", "RDS", .gigabyteMonth)
            case "General Purpose-GP3": return ("rds-storage:gp3", "RDS", .gigabyteMonth)
            case _: return nil
            }
        case "Cache Instance":
            guard let type = attributes["instanceType"],
                let engine = attributes["cacheEngine"]?.lowercased(),
                CacheEngine(rawValue: engine) != nil
            else { return nil }
            return ("elasticache:\(type):\(engine)", "ElastiCache", .hour)
        case _: return nil
        }
    }
}
