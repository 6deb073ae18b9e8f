import Base
import Cloud
import Scenarios

/// What an encoder's output looks like on the wire, derived once from its plan.
///
/// RTMP puts a 12-byte chunk header before each message and one byte before each further 4,096
/// bytes; FLV's tag takes 5 bytes of a video message and 2 of an audio message (Adobe RTMP 5.3,
/// FLV E.4). Every 1,448 bytes of that travel as 1,514 on the wire. Rates are wire bytes a second.
struct MediaShape: Sendable {
    static let audioSamplesPerFrame: Int64 = 1_024
    static let audioSampleRate: Int64 = 44_100
    private static let chunkHeader: Int64 = 12
    private static let chunkSize: Int64 = 4_096
    private static let videoTag: Int64 = 5
    private static let audioTag: Int64 = 2

    let framesPerSecond: Int64
    let keyFrameEvery: Interval
    let framesPerGroup: Int64
    /// All media, and audio alone.
    let content: Int64
    let audio: Int64
    /// Wire bytes of a key frame and of any other video frame.
    let keyFrame: Int64
    let frame: Int64
    /// Messages a second, audio and video.
    let messages: Int64
    /// Of `content`: the encoder's own video and audio bytes a second.
    let videoPayload: Int64
    let audioPayload: Int64

    init(_ plan: MediaPlan, video: Rate) {
        framesPerSecond = Int64(plan.framesPerSecond)
        keyFrameEvery = plan.keyFrameEvery
        framesPerGroup = max(
            1, multiplyDivide(framesPerSecond, plan.keyFrameEvery.nanoseconds, 1_000_000_000))
        let audioFrames = MediaShape.audioSampleRate / MediaShape.audioSamplesPerFrame
        messages = framesPerSecond + audioFrames
        videoPayload = video.bytesPerSecond
        audioPayload = plan.audio.bytesPerSecond
        let perFrame = MediaShape.chunkHeader + MediaShape.videoTag
        let videoWire = MediaShape.onWire(
            videoPayload + videoPayload / MediaShape.chunkSize + framesPerSecond * perFrame)
        audio = MediaShape.onWire(
            audioPayload + audioFrames * (MediaShape.chunkHeader + MediaShape.audioTag))
        content = videoWire + audio
        let group = multiplyDivide(videoWire, plan.keyFrameEvery.nanoseconds, 1_000_000_000)
        let ratio = Int64(max(1, plan.keyFrameRatio))
        frame = max(1, group / (framesPerGroup - 1 + ratio))
        keyFrame = group - frame * (framesPerGroup - 1)
        check(keyFrame >= frame, "a key frame smaller than the others")
    }

    /// Wire bytes a second between two key frames.
    var between: Int64 {
        content - perSecond(keyFrame)
    }

    /// Wire bytes a second of audio and key frames.
    var audioAndKeyFrames: Int64 { audio + perSecond(keyFrame) }

    /// Video frames but the key frame that are made until the next key frame, from so long after
    /// the last one on; before it where that is negative.
    func pictures(from phase: Interval) -> Int64 {
        guard phase > .zero else {
            return framesPerGroup - 1
                + multiplyDivide(framesPerSecond, -phase.nanoseconds, 1_000_000_000)
        }
        let made = multiplyDivideUp(framesPerSecond, phase.nanoseconds, 1_000_000_000)
        // A group need not last a whole number of frames.
        return max(0, framesPerGroup - max(1, made))
    }

    /// Wire bytes of the whole frames made since the last key frame, a time `phase` after it.
    func sinceKeyFrame(_ phase: Interval) -> Int64 {
        let frames = multiplyDivide(phase.nanoseconds, framesPerSecond, 1_000_000_000)
        return keyFrame + frames * frame
            + multiplyDivide(audio, phase.nanoseconds, 1_000_000_000)
    }

    /// `bytes` once in each group, as a rate.
    private func perSecond(_ bytes: Int64) -> Int64 {
        multiplyDivide(bytes, 1_000_000_000, keyFrameEvery.nanoseconds)
    }

    static func onWire(_ bytes: Int64) -> Int64 {
        multiplyDivideUp(bytes, TCPResponse.segmentOnWire, TCPResponse.segment)
    }
}
