import Base

/// The plan as a picture: public and isolated subnets as bands, services in them, who reaches whom
/// as arrows.
///
/// As wide as a phone, so that it is read without scrolling: one service below the other. What
/// comes from the internet runs down at the left, what goes from service to service at the right,
/// and words stand between, where no line goes. Red is what is open to the whole internet and not
/// meant for it; grey and dashed is what the platform needs and does not get. SVG without scripts,
/// fonts or links.
public struct ReachDrawing {
    private let matrix: ReachMatrix
    private var plan: Plan { matrix.plan }
    private var boxes: [Box] = []
    private var text = ""
    /// Where the next thing goes, from above.
    private var y = 0
    private var lanesRight = 0

    private struct Box {
        var service: Int
        var y: Int
        /// What ends at its left and at its right.
        var arrivalsLeft = 0
        var arrivalsRight = 0
        var departures = 0
    }

    private static let width = 400
    private static let boxLeft = 92
    private static let boxRight = 346
    private static let boxHeight = 92
    /// Of a box, where its ports stand.
    private static let portsWidth = 88
    private static let lineHeight = 17
    private static let laneWidth = 8
    /// Meant for everyone: pages, RTMP, players.
    private static let publicPorts = [80, 443, 1935, 8080]

    public init(_ matrix: ReachMatrix) { self.matrix = matrix }

    public mutating func svg() -> String {
        let bands = self.bands
        internet()
        y = 62
        let top = y
        heading(networkLabel, "frame")
        for band in bands where band.style != "nowhere" { draw(band) }
        let network = frame(x: 10, y: top, width: Self.width - 20, height: y - top, "network")
        y += 14
        for band in bands where band.style == "nowhere" { draw(band) }
        let services = text
        text = ""
        incoming()
        for row in matrix.rows.dropFirst() { outgoing(row) }
        let arrows = text
        text = ""
        y += 4
        let legend = [
            "green: open and meant", "red: open to everyone, not meant",
            "dashed: needed, and closed",
        ]
        for line in legend { words(Self.boxLeft, line, "frame") }
        return head(height: y + 12) + network + services + arrows + text + "</svg>\n"
    }

    private var networkLabel: [String] {
        plan.networks.map {
            Self.short("\(plan.name($0.resource).shortened) \($0.block?.text ?? "")", 38)
        }
    }

    // MARK: Bands

    private struct Band {
        var style: String
        var label: [String]
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
                    label: [isPublic ? "public subnets" : "isolated subnets"] + names,
                    services: services))
        }
        let homeless = order.filter { plan.card($0)?.subnets.isEmpty != false }
        if !homeless.isEmpty {
            bands.append(Band(style: "nowhere", label: ["in no subnet"], services: homeless))
        }
        return bands
    }

    private func isPublic(_ subnet: Subnet) -> Bool {
        plan.routeTable(of: subnet)?.routes.contains {
            if case .internetGateway = $0.target { return true }
            return false
        } ?? false
    }

    private mutating func draw(_ band: Band) {
        let before = text
        text = ""
        let top = y
        heading(band.label, band.style == "nowhere" ? "bad" : "frame")
        for service in band.services { place(service) }
        let rect = frame(
            x: 18, y: top, width: Self.width - 36, height: y - top, band.style)
        text = before + rect + text
        y += 12
    }

    private mutating func heading(_ lines: [String], _ style: String) {
        y += 4
        for line in lines { words(Self.boxLeft, line, style) }
        y += 10
    }

    private mutating func place(_ service: Int) {
        boxes.append(Box(service: service, y: y))
        text += frame(
            x: Self.boxLeft, y: y, width: Self.boxRight - Self.boxLeft, height: Self.boxHeight,
            "service")
        let zones = plan.card(service)?.subnets.map(\.zone).joined(separator: ", ") ?? ""
        let left = Self.boxLeft + Self.portsWidth
        label(left, y + 20, Self.short(kind(service), 26), "kind")
        label(left, y + 38, Self.short(plan.name(service).shortened, 22), "name")
        label(left, y + 56, Self.short(zones, 26), "kind")
        y += Self.boxHeight + 14
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

    private func frame(
        x: Int, y: Int, width: Int, height: Int, _ style: String
    ) -> String {
        """
        <rect class="\(style)" x="\(x)" y="\(y)" width="\(width)" height="\(height)" rx="8"/>

        """
    }

    private mutating func internet() {
        text += frame(x: 10, y: 12, width: Self.width - 20, height: 34, "internet")
        label(Self.width / 2 - 38, 34, "the internet", "name")
    }

    // MARK: Arrows

    private struct Arrival {
        var box: Int
        var words: String
        var style: String
        var title: String
    }

    /// Each with a lane of its own, the lower it ends the farther to the left: none cross.
    private mutating func incoming() {
        let arrivals = boxes.indices.flatMap { self.arrivals($0) }
        for (index, arrival) in arrivals.enumerated() {
            let lane = Self.boxLeft - 12 - Self.laneWidth * index
            let y = boxes[arrival.box].y + 24 + 24 * boxes[arrival.box].arrivalsLeft
            boxes[arrival.box].arrivalsLeft += 1
            arrow(
                [(lane, 46), (lane, y), (Self.boxLeft, y)], arrival.style,
                "from the internet: \(arrival.title)")
            label(
                Self.boxLeft + 8, y + 5, arrival.words, arrival.style == "open" ? "open" : "bad")
        }
    }

    private func arrivals(_ index: Int) -> [Arrival] {
        let row = matrix.rows[0]
        let open = matrix.columns.indices.filter {
            matrix.columns[$0].service == boxes[index].service && row.answers[$0].isOpen
        }.map { matrix.columns[$0].port }
        let meant = open.filter { Self.publicPorts.contains($0) }
        let other = open.filter { !Self.publicPorts.contains($0) }
        // A load balancer's ports are asked for by every browser.
        let isFront = plan.balancers.contains { $0.resource == boxes[index].service }
        let shut = isFront ? [80, 443].filter { !open.contains($0) } : []
        return [(meant, "open"), (other, "exposed"), (shut, "closed")]
            .filter { !$0.0.isEmpty }.map { ports, style in
                let words = Self.short(list(ports), 10) + (style == "closed" ? " closed" : "")
                return Arrival(box: index, words: words, style: style, title: list(ports))
            }
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
        let lane = Self.boxRight + 10 + Self.laneWidth * (lanesRight % 4)
        let from = boxes[source].y + 20 + 12 * boxes[source].departures
        let to = boxes[target].y + Self.boxHeight - 14 - 16 * boxes[target].arrivalsRight
        lanesRight += 1
        boxes[source].departures += 1
        boxes[target].arrivalsRight += 1
        arrow(
            [(Self.boxRight, from), (lane, from), (lane, to), (Self.boxRight, to)], style,
            answer.reason)
        label(
            Self.boxLeft + Self.portsWidth, to + 5, answer.isOpen ? "\(port)" : "\(port) closed",
            answer.isOpen ? "open" : "bad")
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

    private mutating func arrow(_ points: [(x: Int, y: Int)], _ style: String, _ title: String) {
        let path = points.map { "\($0.x) \($0.y)" }.joined(separator: " L")
        text += """
            <path class="\(style)" d="M\(path)" marker-end="url(#\(style))">\
            <title>\(title.xmlEscaped)</title></path>

            """
    }

    // MARK: Words

    private func list(_ ports: [Int]) -> String { ports.map(String.init).joined(separator: " ") }

    private static func short(_ name: String, _ most: Int) -> String {
        name.count > most ? name.prefix(most - 1) + "…" : name
    }

    /// A line of its own, at which the next one begins below.
    private mutating func words(_ x: Int, _ words: String, _ style: String) {
        y += Self.lineHeight
        label(x, y, words, style)
    }

    private mutating func label(_ x: Int, _ y: Int, _ words: String, _ style: String) {
        text += "<text class=\"t \(style)\" x=\"\(x)\" y=\"\(y)\">\(words.xmlEscaped)</text>\n"
    }

    private func head(height: Int) -> String {
        let markers = [("open", "--good"), ("exposed", "--ill"), ("closed", "--line")].map {
            """
            <marker id="\($0.0)" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" \
            markerHeight="8" orient="auto"><path d="M0 0 L8 4 L0 8 z" \
            style="fill:var(\($0.1))"/></marker>
            """
        }.joined(separator: "\n")
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Self.width) \(height)" \
            width="\(Self.width)" height="\(height)" role="img" aria-label="Who reaches what">
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
            .t { font: 13px system-ui, "DejaVu Sans", sans-serif; fill: var(--ink); }
            .frame, .kind { fill: var(--quiet); font-size: 12px; }
            .name { font-weight: 600; }
            .bad { fill: var(--ill); }
            text.open { fill: var(--good); }
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
            <rect class="paper" width="\(Self.width)" height="\(height)"/>

            """
    }
}
