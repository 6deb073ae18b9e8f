import Platform

/// The description of the HTTP interface, made of the table that routes it.
///
/// https://spec.openapis.org/oas/v3.1.0
enum OpenAPI {
    static let document: JSON = [
        "openapi": "3.1.0",
        "info": [
            "title": "streamr-sim coordinator", "version": "1",
            "description": "Streams, nodes and money of a small live-streaming platform.",
        ],
        "paths": .object(paths),
        "components": [
            "schemas": [
                "Error": [
                    "type": "object", "required": ["detail"],
                    "properties": ["detail": ["type": "string"]],
                ]
            ],
            "securitySchemes": [
                "token": [
                    "type": "http", "scheme": "bearer",
                    "description": "An access token, or an API key (ssk_…).",
                ],
                "callback": ["type": "apiKey", "in": "query", "name": "secret"],
            ],
        ],
    ]

    private static var paths: [String: JSON] {
        var paths: [String: [String: JSON]] = [:]
        for route in Routes.all {
            paths[route.path, default: [:]][route.method.rawValue] = operation(route)
        }
        return paths.mapValues { .object($0) }
    }

    private static func operation(_ route: Route) -> JSON {
        var object: [String: JSON] = [
            "summary": .text(route.summary), "responses": responses(route),
        ]
        let parameters =
            route.inPath.map { parameter($0, "path") } + route.query.map { parameter($0, "query") }
        if !parameters.isEmpty { object["parameters"] = .list(parameters) }
        if let body = route.body {
            object["requestBody"] = [
                "required": true,
                "content": ["application/json": ["schema": Shape.body(body)]],
            ]
        }
        switch route.access {
        case .anyone: break
        case .streamer(let scopes):
            object["security"] = [["token": []]]
            let names = Routes.names(scopes)
            if !names.isEmpty {
                object["description"] = .text("An API key needs: \(names.joined(separator: ", ")).")
            }
        case .node: object["security"] = [["token": []]]
        case .server: object["security"] = [["callback": []]]
        }
        return .object(object)
    }

    private static func parameter(_ field: Field, _ place: String) -> JSON {
        [
            "name": .text(field.name), "in": .text(place), "required": .flag(field.isRequired),
            "schema": field.shape.schema,
        ]
    }

    private static func responses(_ route: Route) -> JSON {
        var content: [String: JSON] = ["application/json": ["schema": route.answer.shape.schema]]
        if route.hasPage { content["text/html"] = ["schema": ["type": "string"]] }
        var responses: [String: JSON] = [:]
        for status in ["200", "201"] where status == "200" || route.method == .post {
            responses[status] = ["description": "Done.", "content": .object(content)]
        }
        if route.answer == .health {
            responses["503"] = [
                "description": "The database is down.", "content": .object(content),
            ]
        }
        let error: JSON = [
            "description": "Not done, and why.",
            "content": [
                "application/json": ["schema": ["$ref": "#/components/schemas/Error"]]
            ],
        ]
        for status in [400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 503, 504]
        where responses[String(status)] == nil {
            responses[String(status)] = error
        }
        return .object(responses)
    }
}

extension Shape {
    /// As JSON Schema.
    var schema: JSON {
        switch self {
        case .text(let range): text(range, pattern: "^[^\\u0000-\\u001f\\u007f]*$")
        case .prose(let range): text(range, pattern: "^[^\\u0000]*$")
        case .name: text(1...Call.Limits.nameMax, pattern: "^[A-Za-z0-9_.-]+$")
        case .host: text(1...NodeAddress.hostMax, pattern: "^[A-Za-z0-9.:-]+$")
        case .webURL: text(8...Call.Limits.urlMax, pattern: "^https?://[!-~]+$")
        case .identifier:
            text(1...WireText.identifierDigits, pattern: "^[0-9]{1,\(WireText.identifierDigits)}$")
        case .streamKey: text(16...16, pattern: "^[0-9A-Fa-f]{16}$")
        case .token: text(1...Self.tokenMax, pattern: nil)
        case .integer(let range):
            [
                "type": "integer", "minimum": .integer(range.lowerBound),
                "maximum": .integer(range.upperBound),
            ]
        case .percent: ["type": "number", "minimum": 0, "maximum": 100]
        case .time: ["type": "string", "format": "date-time"]
        case .choice(let names): ["type": "string", "enum": .list(names.map { .text($0) })]
        case .flag: ["type": "boolean"]
        case .list(let shape, let max):
            ["type": "array", "items": shape.schema, "maxItems": .integer(Int64(max))]
        case .number: ["type": "number"]
        case .dollars: text(1...40, pattern: "^-?[0-9]+(\\.[0-9]+)?$")
        case .object(let fields):
            [
                "type": "object",
                "properties": .object(
                    Dictionary(uniqueKeysWithValues: fields.map { ($0.name, $0.shape.schema) })),
                "required": .list(fields.filter(\.isRequired).map { .text($0.name) }),
            ]
        }
    }

    /// Of a request: what may be absent may be null as well.
    static func body(_ fields: [Field]) -> JSON {
        let pairs = fields.map { field -> (String, JSON) in
            let schema = field.shape.schema
            return (field.name, field.isRequired ? schema : ["anyOf": [schema, ["type": "null"]]])
        }
        return [
            "type": "object", "properties": .object(Dictionary(uniqueKeysWithValues: pairs)),
            "required": .list(fields.filter(\.isRequired).map { .text($0.name) }),
        ]
    }

    private func text(_ range: ClosedRange<Int>, pattern: String?) -> JSON {
        var object: [String: JSON] = [
            "type": "string", "minLength": .integer(Int64(range.lowerBound)),
            "maxLength": .integer(Int64(range.upperBound)),
        ]
        if let pattern { object["pattern"] = .text(pattern) }
        return .object(object)
    }
}
