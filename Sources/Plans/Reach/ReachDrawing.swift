import Base

/// The plan as a picture: public and isolated subnets as bands, services in them, who reaches whom
/// as arrows.
///
/// Red is what is open to the whole internet and not meant for it; grey and dashed is what the
/// platform needs and does not get. SVG without scripts, fonts or links.
public struct ReachDrawing {
    private let matrix: ReachMatrix
    private var plan: Plan { matrix.plan }
    private var boxes: [Box] = []
    private var text = ""
    /// Above everything else, so that no line crosses them out.
    private var labels = ""

    private struct Box {
        var service: Int
        var x, y: Int
        /// What arrives from above is spread over the width.
        var arrivals = 0
    }

    private static let boxWidth = 240
    private static let boxHeight = 84
    private static let gap = 110
    private static let margin = 30
    private static let bandHeight = 190
    private static let top = 150
    /// Meant for everyone: pages, RTMP, players.
    private static let publicPorts = [80, 443, 1935, 8080]

    public init(_ matrix: ReachMatrix) { self.matrix = matrix }

    public mutating func svg() -> String {
        let bands = self.bands
        let most = max(
            2, bands.map { $0.services.count + ($0.style == "nowhere" ? 1 : 0) }.max() ?? 0)
        let width = most * (Self.boxWidth + Self.gap) + 3 * Self.margin
        let height = Self.top + bands.count * Self.bandHeight + 70
        text = head(width: width, height: height)
        internet(width: width)
        let inside = bands.count { $0.style != "nowhere" } * Self.bandHeight
        frame(
            x: Self.margin, y: Self.top - 40, width: width - 2 * Self.margin, height: inside + 30,
            "network", label: networkLabel)
        for (index, band) in bands.enumerated() {
            draw(band, y: Self.top + index * Self.bandHeight, width: width)
        }
        for index in boxes.indices { incoming(index) }
        for row in matrix.rows.dropFirst() { outgoing(row) }
        label(
            Self.margin, height - 24,
            "green: open and meant · red: open to everyone, not meant · dashed: needed, and closed",
            "frame")
        return text + labels + "</svg>\n"
    }

    private var networkLabel: String {
        plan.networks.map { "\(plan.name($0.resource).shortened) \($0.block?.text ?? "")" }
            .joined(separator: ", ")
    }

    // MARK: Bands

    private struct Band {
        var style: String
        var label: String
        var services: [Int]
    }

    private var bands: [Band] {
        let order =
            plan.balancers.map(\.resource) + plan.instances.map(\.resource)
            + plan.databases.map(\.resource) + plan.caches.map(\.resource)
        var bands: [Band] = []
        for isPublic in [true, false] {
            let subnets = plan.subnets.filter { self.isPublic($0) == isPublic }
            let services = order.filter { service in
                plan.card(service)?.subnets.first.map { self.isPublic($0) } == isPublic
            }
            guard !services.isEmpty else { continue }
            let names = subnets.map { "\($0.zone) \($0.block?.text ?? "")" }
            bands.append(
                Band(
                    style: isPublic ? "public" : "private",
                    label: (isPublic ? "public subnets: " : "isolated subnets: ")
                        + names.joined(separator: ", "), services: services))
        }
        let homeless = order.filter { plan.card($0)?.subnets.isEmpty != false }
        if !homeless.isEmpty {
            bands.append(Band(style: "nowhere", label: "in no subnet", services: homeless))
        }
        return bands
    }

    private func isPublic(_ subnet: Subnet) -> Bool {
        plan.routeTable(of: subnet)?.routes.contains {
            if case .internetGateway = $0.target { return true }
            return false
        } ?? false
    }

    private mutating func draw(_ band: Band, y: Int, width: Int) {
        frame(
            x: 2 * Self.margin - 14, y: y, width: width - 4 * Self.margin + 28,
            height: Self.bandHeight - 24, band.style, label: band.label)
        // Beside the isolated services, so that arrows to them do not cross these.
        let first = band.style == "nowhere" ? 1 : 0
        for (index, service) in band.services.enumerated() {
            place(
                service, x: 2 * Self.margin + (first + index) * (Self.boxWidth + Self.gap),
                y: y + Self.bandHeight - Self.boxHeight - 44)
        }
    }

    private mutating func place(_ service: Int, x: Int, y: Int) {
        boxes.append(Box(service: service, x: x, y: y))
        text += """
            <rect class="service" x="\(x)" y="\(y)" width="\(Self.boxWidth)" \
            height="\(Self.boxHeight)" rx="6"/>

            """
        let zones = plan.card(service)?.subnets.map(\.zone).joined(separator: ", ") ?? ""
        label(x + 10, y + 24, kind(service), "kind")
        label(x + 10, y + 46, short(plan.name(service).shortened, 28), "name")
        label(x + 10, y + 68, zones, "kind")
    }

    private func kind(_ service: Int) -> String {
        if let instance = plan.instance(service) { return instance.type }
        if let database = plan.databases.first(where: { $0.resource == service }) {
            return "\(database.engine) \(database.version), \(database.instanceClass)"
        }
        if let cache = plan.caches.first(where: { $0.resource == service }) {
            return "\(cache.engine), \(cache.nodeType)"
        }
        return "load balancer"
    }

    private mutating func frame(
        x: Int, y: Int, width: Int, height: Int, _ style: String, label: String
    ) {
        text += """
            <rect class="\(style)" x="\(x)" y="\(y)" width="\(width)" height="\(height)" rx="8"/>

            """
        self.label(x + 12, y + 22, label, style == "nowhere" ? "bad" : "frame")
    }

    private mutating func internet(width: Int) {
        let inner = width - 2 * Self.margin
        text += """
            <rect class="internet" x="\(Self.margin)" y="24" width="\(inner)" height="40" rx="20"/>

            """
        label(width / 2 - 44, 50, "the internet", "name")
    }

    // MARK: Arrows

    private mutating func incoming(_ index: Int) {
        let row = matrix.rows[0]
        let open = matrix.columns.indices.filter {
            matrix.columns[$0].service == boxes[index].service && row.answers[$0].isOpen
        }.map { matrix.columns[$0].port }
        let meant = open.filter { Self.publicPorts.contains($0) }
        let other = open.filter { !Self.publicPorts.contains($0) }
        // A load balancer's ports are asked for by every browser.
        let isFront = plan.balancers.contains { $0.resource == boxes[index].service }
        let shut = isFront ? [80, 443].filter { !open.contains($0) } : []
        for (ports, style) in [(meant, "open"), (other, "exposed"), (shut, "closed")]
        where !ports.isEmpty {
            let x = arrival(index)
            arrow(x, 64, x, boxes[index].y, style, "from the internet: \(list(ports))")
            let words = list(ports) + (style == "closed" ? " closed" : "")
            label(x + 6, 92, words, style == "open" ? "open" : "bad")
        }
    }

    private mutating func arrival(_ index: Int) -> Int {
        boxes[index].arrivals += 1
        return boxes[index].x + boxes[index].arrivals * 80 - 40
    }

    /// What an instance or a load balancer needs of others: drawn open, or dashed where closed.
    private mutating func outgoing(_ row: ReachMatrix.Row) {
        guard case .service(let from) = row.from,
            let source = boxes.firstIndex(where: { $0.service == from })
        else { return }
        for (index, column) in matrix.columns.enumerated() {
            guard let target = boxes.firstIndex(where: { $0.service == column.service }),
                needs(from, of: column.service).contains(column.port)
            else { continue }
            let answer = row.answers[index]
            connect(source, target, column.port, answer)
        }
    }

    private mutating func connect(
        _ source: Int, _ target: Int, _ port: Int, _ answer: Reachability.Answer
    ) {
        let style = answer.isOpen ? "open" : "closed"
        let words = answer.isOpen ? "\(port)" : "\(port) closed"
        let wordStyle = answer.isOpen ? "open" : "bad"
        let (from, to) = (boxes[source], boxes[target])
        if from.y == to.y {
            let isRight = from.x < to.x
            let y = from.y + Self.boxHeight / 2
            arrow(
                isRight ? from.x + Self.boxWidth : from.x, y,
                isRight ? to.x : to.x + Self.boxWidth, y, style, answer.reason)
            label((isRight ? from.x : to.x) + Self.boxWidth + 8, y - 8, words, wordStyle)
        } else {
            let x = arrival(target)
            arrow(
                from.x + Self.boxWidth / 2, from.y + Self.boxHeight, x, to.y, style, answer.reason)
            label(x + 10, to.y - 8, words, wordStyle)
        }
    }

    private func needs(_ from: Int, of to: Int) -> [Int] {
        if plan.balancers.contains(where: { $0.resource == from }) {
            return plan.fronts(of: to).filter { $0.balancer.resource == from }.map(\.port)
        }
        guard plan.instance(from) != nil else { return [] }
        if let database = plan.databases.first(where: { $0.resource == to }) {
            return [database.port]
        }
        return plan.caches.filter { $0.resource == to }.map(\.port)
    }

    private mutating func arrow(
        _ x1: Int, _ y1: Int, _ x2: Int, _ y2: Int, _ style: String, _ title: String
    ) {
        text += """
            <path class="\(style)" d="M\(x1) \(y1) L\(x2) \(y2)" marker-end="url(#\(style))">\
            <title>\(title.xmlEscaped)</title></path>

            """
    }

    // MARK: Words

    private func list(_ ports: [Int]) -> String { ports.map(String.init).joined(separator: " ") }

    private func short(_ name: String, _ most: Int) -> String {
        name.count > most ? name.prefix(most - 1) + "…" : name
    }

    private mutating func label(_ x: Int, _ y: Int, _ words: String, _ style: String) {
        labels += "<text class=\"t \(style)\" x=\"\(x)\" y=\"\(y)\">\(words.xmlEscaped)</text>\n"
    }

    private func head(width: Int, height: Int) -> String {
        let markers = [("open", "--good"), ("exposed", "--ill"), ("closed", "--line")].map {
            """
            <marker id="\($0.0)" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" \
            markerHeight="8" orient="auto"><path d="M0 0 L8 4 L0 8 z" \
            style="fill:var(\($0.1))"/></marker>
            """
        }.joined(separator: "\n")
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(width) \(height)" \
            width="\(width)" height="\(height)" role="img" aria-label="Who reaches what">
            <style>
            svg {
              --paper: #ffffff; --ink: #24292f; --quiet: #57606a; --good: #2a7d4f;
              --ill: #c0392b; --network: #fbfcfd; --public: #eaf4ee; --private: #eef1f7;
              --nowhere: #fdf1ef; --line: #8a8f98;
            }
            @media (prefers-color-scheme: dark) {
              svg {
                --paper: #15171a; --ink: #e7e4dc; --quiet: #b0b4ba; --good: #6cc495;
                --ill: #f0877a; --network: #1b1e22; --public: #1b2c22; --private: #1d2431;
                --nowhere: #35211e; --line: #8a8f98;
              }
            }
            .t { font: 14px system-ui, "DejaVu Sans", sans-serif; fill: var(--ink); }
            .frame, .kind { fill: var(--quiet); font-size: 13px; }
            .name { font-weight: 600; }
            .bad { fill: var(--ill); }
            text.open { fill: var(--good); }
            .frame, text.open, .bad {
              paint-order: stroke; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round;
            }
            .paper { fill: var(--paper); }
            rect.network { fill: var(--network); stroke: var(--line); }
            rect.public { fill: var(--public); stroke: var(--line); }
            rect.private { fill: var(--private); stroke: var(--line); }
            rect.nowhere { fill: var(--nowhere); stroke: var(--ill); }
            rect.service, rect.internet { fill: var(--paper); stroke: var(--quiet); }
            path.open { stroke: var(--good); stroke-width: 2; fill: none; }
            path.exposed { stroke: var(--ill); stroke-width: 2; fill: none; }
            path.closed { stroke: var(--line); stroke-width: 2; fill: none; stroke-dasharray: 6 5; }
            </style>
            <defs>
            \(markers)
            </defs>
            <rect class="paper" width="\(width)" height="\(height)"/>

            """
    }
}
