/// Stops the program when one of our own invariants is broken, in every build.
///
/// `assert` vanishes in release builds and `precondition` prints nothing there, so a broken
/// invariant would pass silently or die mute. A peer's fault is a thrown error, never a check.
@inlinable
@inline(__always)
public func check(
    _ condition: Bool, _ message: @autoclosure () -> String = "",
    file: StaticString = #fileID, line: UInt = #line
) {
    if !condition { checkFailed(message(), file, line) }
}

@usableFromInline
@inline(never)
func checkFailed(_ message: String, _ file: StaticString, _ line: UInt) -> Never {
    fatalError("broken invariant: \(message)", file: file, line: line)
}
