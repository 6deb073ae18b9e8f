@preconcurrency import Glibc

/// What takes minutes shows its lines as they come, in a file too.
public func showLinesAtOnce() { setvbuf(stdout, nil, _IOLBF, 0) }
