"""Deploys both stacks against moto: what its CloudFormation lacks (ElastiCache, secrets, certificates, egress)
through their own interfaces.

    python3 deploy.py FOLDER...
"""

import json
import os
import sys

os.environ.update(AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_DEFAULT_REGION="eu-west-1")

import boto3
from moto import mock_aws

CACHE = "AWS::ElastiCache::"


def without_cache(template):
    """The template without its ElastiCache resources, which are given back beside it."""
    apart = {
        name: body for name, body in template["Resources"].items()
        if body["Type"].startswith(CACHE)}
    for name in apart:
        del template["Resources"][name]
    outputs = template.get("Outputs", {})
    for name in [n for n, o in outputs.items() if any(c in json.dumps(o["Value"]) for c in apart)]:
        # The address is known once the cache is made; a text stands in for it here.
        if "RedisEndpoint" in json.dumps(outputs[name]["Value"]):
            outputs[name]["Value"] = "cache.invalid"
    return apart


@mock_aws
def deploy(folder):
    stacks = boto3.client("cloudformation")
    made = {}
    for name in ("StreamrFoundationStack", "StreamrApplicationStack"):
        with open(f"{folder}/{name}.json") as file:
            template = prepared(json.load(file))
        apart = without_cache(template)
        # moto has no public parameters of AWS's images.
        for parameter in template.get("Parameters", {}).values():
            if "AWS::EC2::Image::Id" in parameter["Type"]:
                images = boto3.client("ec2").describe_images(Owners=["amazon"])["Images"]
                parameter.update(Type="String", Default=images[0]["ImageId"])
        stacks.create_stack(
            StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"])
        status = stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        print(f"{name}: {status}")
        resources = stacks.describe_stack_resources(StackName=name)["StackResources"]
        made.update({
            r["LogicalResourceId"]: r["PhysicalResourceId"] for r in resources
            if r.get("PhysicalResourceId")})
        # moto makes the group and gives it no physical id.
        groups = boto3.client("rds").describe_db_subnet_groups()["DBSubnetGroups"]
        made.update({"DatabaseSubnets": g["DBSubnetGroupName"] for g in groups})
        release(template, made)
        watch(template, made)
        # moto gives rules no physical id; `verify` looks for them.
        missing = {
            resource for resource, body in template["Resources"].items()
            if resource not in made and "SecurityGroup" not in body["Type"]}
        if status != "CREATE_COMPLETE" or missing:
            sys.exit(f"not made: {sorted(missing)}")
        make_cache(apart, made)
    verify(made)


def make_secret(name, properties):
    random = properties["GenerateSecretString"]
    value = json.loads(random["SecretStringTemplate"])
    value[random["GenerateStringKey"]] = "x" * random["PasswordLength"]
    return boto3.client("secretsmanager").create_secret(
        Name=name, SecretString=json.dumps(value))["ARN"]


def make_certificate(name, properties):
    return boto3.client("acm").request_certificate(
        DomainName="streamr.example.com", ValidationMethod=properties["ValidationMethod"]
    )["CertificateArn"]


APART = {
    "AWS::SecretsManager::Secret": make_secret,
    "AWS::CertificateManager::Certificate": make_certificate,
}


def prepared(template):
    """The template with secrets and certificates made beforehand, and named by their ARNs."""
    for name, body in list(template["Resources"].items()):
        if body["Type"] in APART:
            arn = APART[body["Type"]](name, body["Properties"])
            del template["Resources"][name]
            text = json.dumps(template).replace(json.dumps({"Ref": name}), json.dumps(arn))
            template = json.loads(text.replace("${%s}" % name, arn))
    return template


def release(template, made):
    """Egress rules, which moto's CloudFormation lacks too."""
    for body in template["Resources"].values():
        if body["Type"] == "AWS::EC2::SecurityGroupEgress":
            rule = body["Properties"]
            boto3.client("ec2").authorize_security_group_egress(
                GroupId=made[rule["GroupId"]["Fn::GetAtt"][0]],
                IpPermissions=[{
                    "IpProtocol": rule["IpProtocol"], "FromPort": rule["FromPort"],
                    "ToPort": rule["ToPort"],
                    "UserIdGroupPairs": [{
                        "GroupId": made[rule["DestinationSecurityGroupId"]["Fn::GetAtt"][0]]}],
                }])


def watch(template, made):
    """Alarms, by their own interface: moto's CloudFormation lacks them too."""
    for name, body in template["Resources"].items():
        if body["Type"] == "AWS::CloudWatch::Alarm":
            alarm = {
                key: body["Properties"][key] for key in (
                    "MetricName", "Namespace", "Statistic", "Period", "EvaluationPeriods",
                    "Threshold", "ComparisonOperator")}
            dimensions = [
                {"Name": d["Name"], "Value": made[d["Value"]["Ref"]]}
                for d in body["Properties"].get("Dimensions", [])]
            boto3.client("cloudwatch").put_metric_alarm(
                AlarmName=name, Dimensions=dimensions, **alarm)
            made[name] = name


def make_cache(apart, made):
    cache = boto3.client("elasticache")
    for name, body in sorted(apart.items(), key=lambda item: item[1]["Type"], reverse=True):
        properties = body["Properties"]
        if body["Type"] == CACHE + "SubnetGroup":
            cache.create_cache_subnet_group(
                CacheSubnetGroupName=name, CacheSubnetGroupDescription=properties["Description"],
                SubnetIds=[made[s["Ref"]] for s in properties["SubnetIds"]])
    for name, body in apart.items():
        properties = body["Properties"]
        if body["Type"] == CACHE + "CacheCluster":
            cluster = cache.create_cache_cluster(
                CacheClusterId=name.lower(), CacheNodeType=properties["CacheNodeType"],
                Engine=properties["Engine"], NumCacheNodes=properties["NumCacheNodes"],
                CacheSubnetGroupName=properties["CacheSubnetGroupName"]["Ref"],
                SecurityGroupIds=[
                    made[g["Fn::GetAtt"][0]] for g in properties["VpcSecurityGroupIds"]])
            print("cache:", cluster["CacheCluster"]["CacheClusterStatus"])


def verify(made):
    """The rules between groups are there, in moto's own account of them."""
    ec2 = boto3.client("ec2")

    def ports(group, kind):
        found = ec2.describe_security_groups(GroupIds=[made[group]])["SecurityGroups"][0]
        return sorted(rule.get("FromPort", -1) for rule in found[kind])

    if "DatabaseGroup" in made:
        assert ports("DatabaseGroup", "IpPermissions") == [5432]
    if "BalancerGroup" in made:
        assert 8000 in ports("BalancerGroup", "IpPermissionsEgress")
        assert 8000 in ports("InstanceGroup", "IpPermissions")


for folder in sys.argv[1:]:
    deploy(folder)
