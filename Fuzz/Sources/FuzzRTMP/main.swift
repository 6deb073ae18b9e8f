import CFuzzer
import Glibc

// FUZZ_TARGET names what is fed; all arguments are libFuzzer's.
let feed: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
switch getenv("FUZZ_TARGET").map({ String(cString: $0) }) {
case "handshake": feed = { Targets.handshake(Targets.bytes($0, $1)) }
case "chunks": feed = { Targets.chunks(Targets.bytes($0, $1)) }
case "amf": feed = { Targets.amf(Targets.bytes($0, $1)) }
case "server": feed = { Targets.server(Targets.bytes($0, $1)) }
case "client": feed = { Targets.client(Targets.bytes($0, $1)) }
case "url": feed = { Targets.url(Targets.bytes($0, $1)) }
case "flv": feed = { Targets.flv(Targets.bytes($0, $1)) }
case "media": feed = { Targets.media(Targets.bytes($0, $1)) }
case "capture": feed = { Targets.capture(Targets.bytes($0, $1)) }
case "resp": feed = { Targets.resp(Targets.bytes($0, $1)) }
case "cache": feed = { CacheTarget.feed(Targets.bytes($0, $1)) }
case "stream": feed = { StreamTarget.feed(Targets.bytes($0, $1)) }
default:
    print("FUZZ_TARGET must be a target that Fuzz/run names")
    exit(2)
}
var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
exit(LLVMFuzzerRunDriver(&count, &arguments, feed))
