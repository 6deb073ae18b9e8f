/// What is wrong with a setting, in words for the person who wrote it.
struct SettingFault: Error, CustomStringConvertible {
    var description: String
}
