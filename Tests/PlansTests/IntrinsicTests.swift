import Cloud
import Testing

@testable import Plans

@Suite("Intrinsic functions") struct IntrinsicTests {
    /// Parameters, mappings and conditions that the cases use.
    private static let frame = """
        {"Parameters": {
          "Size": {"Type": "String", "Default": "t3.micro"},
          "Names": {"Type": "CommaDelimitedList", "Default": "a, b,c"},
          "Image": {"Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>",
                    "Default": "/aws/service/ami"},
          "Unset": {"Type": "String"}},
         "Mappings": {"Sizes": {"eu-west-1": {"small": "t3.nano"}}},
         "Conditions": {
          "Yes": {"Fn::Equals": [{"Ref": "Size"}, "t3.micro"]},
          "No": {"Fn::Not": [{"Condition": "Yes"}]},
          "Both": {"Fn::And": [{"Condition": "Yes"}, {"Condition": "No"}]},
          "Either": {"Fn::Or": [{"Condition": "Yes"}, {"Condition": "No"}]},
          "Unknown": {"Fn::Equals": [{"Ref": "Unset"}, "x"]},
          "Loop": {"Fn::Not": [{"Condition": "Loop"}]}},
         "Outputs": {"Out": {"Value": {"Ref": "Size"},
                             "Export": {"Name": {"Fn::Sub": "${AWS::StackName}:Size"}}}},
         "Resources": {
          "Network": {"Type": "AWS::EC2::VPC", "Properties": {}},
          "Absent": {"Type": "AWS::EC2::VPC", "Condition": "No", "Properties": {}},
          "Probe": {"Type": "AWS::SSM::Parameter", "Properties": {"Value": VALUE}}}}
        """

    private func resolved(_ value: String) throws -> (text: String, unresolved: [String]) {
        let text = Self.frame.split(by: "VALUE").joined(separator: value)
        let plan = try Given.plan(text)
        let probe = try #require(plan.graph.resources.last)
        return (
            plan.graph.text(probe.properties["Value"]), plan.graph.unresolved.map(\.message)
        )
    }

    @Test(
        "each function gives what CloudFormation gives",
        arguments: [
            (#""plain""#, "plain"), (#"{"Ref": "Size"}"#, "t3.micro"),
            (#"{"Ref": "Network"}"#, "${Network}"),
            (#"{"Fn::GetAtt": ["Network", "VpcId"]}"#, "${Network.VpcId}"),
            (#"{"Fn::GetAtt": "Network.Cidr.Block"}"#, "${Network.Cidr.Block}"),
            (
                #"{"Fn::Join": ["-", ["a", {"Ref": "Size"}, {"Ref": "Network"}]]}"#,
                "a-t3.micro-${Network}"
            ),
            (#"{"Fn::Join": ["", ["a", {"Fn::Join": ["+", ["b", "c"]]}]]}"#, "ab+c"),
            (
                #"{"Fn::Sub": "x${Size}y${Network.Id}${!Kept}$z"}"#,
                "xt3.microy${Network.Id}${Kept}$z"
            ),
            (
                #"{"Fn::Sub": ["${A}-${AWS::Region}", {"A": {"Ref": "Size"}}]}"#,
                "t3.micro-eu-west-1"
            ),
            (#"{"Fn::Select": [1, {"Fn::GetAZs": ""}]}"#, "eu-west-1b"),
            (#"{"Fn::Select": ["5", {"Fn::GetAZs": "us-east-1"}]}"#, "us-east-1f"),
            (#"{"Fn::Select": [2, {"Ref": "Names"}]}"#, "c"),
            (#"{"Fn::Split": [":", "a:b:c"]}"#, "a,b,c"),
            (#"{"Fn::Select": [3, {"Fn::Split": ["/", "ab/cd/ef/gh"]}]}"#, "gh"),
            (#"{"Fn::ImportValue": "Stack:Size"}"#, "t3.micro"),
            (#"{"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "small"]}"#, "t3.nano"),
            (#"{"Fn::FindInMap": ["Sizes", "x", "y", {"DefaultValue": "d"}]}"#, "d"),
            (#"{"Fn::If": ["Yes", "a", "b"]}"#, "a"), (#"{"Fn::If": ["Both", "a", "b"]}"#, "b"),
            (#"{"Fn::If": ["Either", "a", "b"]}"#, "a"),
            (#"{"Fn::If": ["No", "a", {"Ref": "AWS::NoValue"}]}"#, ""),
            (#"{"Fn::Base64": {"Fn::Sub": "${Size}"}}"#, "t3.micro"),
            (#"{"Fn::Cidr": ["10.0.0.0/16", 3, 8]}"#, "10.0.0.0/24,10.0.1.0/24,10.0.2.0/24"),
            (#"{"Fn::Select": [0, {"Fn::Cidr": ["10.1.2.0/24", "2", "4"]}]}"#, "10.1.2.0/28"),
            (#"{"Fn::Length": [1, 2, 3]}"#, "3"),
            (#"{"Ref": "Image"}"#, "{{resolve:ssm:/aws/service/ami}}"),
            (
                #""{{resolve:secretsmanager:x:SecretString:password}}""#,
                "{{resolve:secretsmanager:x:SecretString:password}}"
            ),
            (
                #"{"Fn::Sub": "${AWS::Partition}.${AWS::URLSuffix}.${AWS::AccountId}"}"#,
                "aws.amazonaws.com.123456789012"
            ),
        ])
    func functions(value: String, expected: String) throws {
        let (text, unresolved) = try resolved(value)
        #expect(text == expected)
        #expect(unresolved.isEmpty)
    }

    @Test(
        "what leads nowhere, and what only an account knows, is told and not guessed",
        arguments: [
            (#"{"Ref": "Nothing"}"#, "Nothing is no resource"),
            (#"{"Ref": "Absent"}"#, "left out by its condition"),
            (#"{"Fn::GetAtt": ["Nothing", "Arn"]}"#, "Nothing is no resource"),
            (#"{"Fn::ImportValue": "Other:Thing"}"#, "no stack exports Other:Thing"),
            (#"{"Fn::FindInMap": ["Sizes", "x", "y"]}"#, "no Sizes.x.y"),
            (#"{"Fn::Select": [9, ["a"]]}"#, "element 9 of a list of 1"),
            (#"{"Fn::Sub": "${Nothing}"}"#, "Nothing is no resource"),
            (#"{"Fn::Sub": "${open"}"#, "${ without its }"),
            (#"{"Fn::Cidr": ["10.0.0.0/24", 4, 8]}"#, "do not fit"),
            (#"{"Fn::If": ["None", "a", "b"]}"#, "no condition is called None"),
            (#"{"Fn::If": ["Loop", "a", "b"]}"#, "too long"),
            (#"{"Ref": "Unset"}"#, "Unset has no value"),
            (#"{"Fn::Transform": {"Name": "AWS::Include"}}"#, "Fn::Transform is not understood"),
            (#"{"Ref": "AWS::Nonsense"}"#, "no pseudo parameter"),
        ])
    func told(value: String, message: String) throws {
        let (_, unresolved) = try resolved(value)
        #expect(unresolved.contains { $0.contains(message) }, "\(unresolved)")
    }

    @Test("parameters may be given, for every stack or for one")
    func parameters() throws {
        let text = """
            {"Parameters": {"Size": {"Type": "String"}},
             "Resources": {"I": {"Type": "AWS::EC2::Instance",
                                 "Properties": {"InstanceType": {"Ref": "Size"}}}}}
            """
        let template = try Template.read(path: "One.json", bytes: Array(text.utf8))
        let cases: [(stack: String?, type: String)] = [
            (nil, "t3.large"), ("One", "t3.large"), ("Two", "?"),
        ]
        for (stack, expected) in cases {
            var settings = ReadSettings(region: "eu-west-1")
            settings.parameters = [.init(stack: stack, name: "Size", value: "t3.large")]
            #expect(Plan([template], settings).instances.first?.type == expected)
        }
    }

    @Test("outputs that multiply each other come to an end")
    func bomb() throws {
        var outputs = #""O0": {"Value": "x", "Export": {"Name": "E0"}}"#
        for index in 1...40 {
            let twice = #"{"Fn::ImportValue": "E\#(index - 1)"}"#
            outputs += """
                , "O\(index)": {"Value": {"Fn::Join": ["", [\(twice), \(twice)]]},
                "Export": {"Name": "E\(index)"}}
                """
        }
        let plan = try Given.plan(
            """
            {"Resources": {"N": {"Type": "AWS::EC2::VPC", "Properties": {
              "CidrBlock": {"Fn::ImportValue": "E40"}}}}, "Outputs": {\(outputs)}}
            """)
        #expect(plan.graph.unresolved.contains { $0.message.contains("too long") })
    }

    @Test("YAML's short forms give the same plan as JSON's long ones, with their lines")
    func yaml() throws {
        let yaml = """
            Resources:
              Network:
                Type: AWS::EC2::VPC
                Properties: {CidrBlock: 10.0.0.0/16}
              Public:
                Type: AWS::EC2::Subnet
                Properties:
                  VpcId: !Ref Network
                  CidrBlock: !Select [0, !Cidr [!GetAtt Network.CidrBlock, 1, 8]]
                  AvailabilityZone: !Select
                    - 0
                    - !GetAZs ''
                  MapPublicIpOnLaunch: true
                  Tags:
                    - {Key: Name, Value: !Sub '${AWS::StackName} x'}
            """
        let plan = try Given.plan(yaml)
        let subnet = try #require(plan.subnets.first)
        #expect(subnet.zone == "eu-west-1a")
        #expect(subnet.network == .resource(0))
        #expect(subnet.givesAddresses)
        let place = plan.graph.templates[0].place(
            plan.graph.path(subnet.resource, ["AvailabilityZone"]))
        #expect(place.path == "$.Resources.Public.Properties.AvailabilityZone")
        #expect(place.line == 10)
        let tag = plan.graph.resources[subnet.resource].properties["Tags"].elements[0]["Value"]
        #expect(tag.string == "Stack x")
    }

    @Test(
        "what is no template is refused with its line",
        arguments: [
            ("", 1), ("[]", 1), ("{\"a\":\n 1,}", 2), ("a: 1\na: 2", 1),
            ("Resources:\n  X: &x {Type: T}\n  Y: *x", 3), ("{\"Resources\": {\"X\":\n {}}}", 2),
            ("x: \u{0}", 1),
        ])
    func refused(text: String, line: Int) {
        do throws(SourceFault) {
            _ = try Template.read(path: "x.yaml", bytes: Array(text.utf8))
            Issue.record("\(text) was taken")
        } catch {
            #expect(error.line == line, "\(error)")
        }
    }
}
