/// Does something once, when nothing holds it any more.
///
/// The body of an answer holds one: where a client resets before the head is written, the body is
/// dropped without ever having been asked for.
final class OnRelease: Sendable {
    private let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }

    deinit { body() }
}
