"""Deploys both stacks against moto: ElastiCache and secrets, which its CloudFormation lacks, through
their own interfaces.

    python3 deploy.py FOLDER
"""

import json
import os
import sys

os.environ.update(AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_DEFAULT_REGION="eu-west-1")

import boto3
from moto import mock_aws

CACHE = "AWS::ElastiCache::"
SECRET = "AWS::SecretsManager::Secret"


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
            template = with_secrets(json.load(file))
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
        missing = set(template["Resources"]) - set(made)
        if status != "CREATE_COMPLETE" or missing:
            sys.exit(f"not made: {sorted(missing)}")
        make_cache(apart, made)
    verify(made)


def with_secrets(template):
    """The template with its secrets made beforehand, and named by their ARNs."""
    names = [n for n, body in template["Resources"].items() if body["Type"] == SECRET]
    for name in names:
        random = template["Resources"].pop(name)["Properties"]["GenerateSecretString"]
        value = json.loads(random["SecretStringTemplate"])
        value[random["GenerateStringKey"]] = "x" * random["PasswordLength"]
        arn = boto3.client("secretsmanager").create_secret(
            Name=name, SecretString=json.dumps(value))["ARN"]
        text = json.dumps(template).replace(json.dumps({"Ref": name}), json.dumps(arn))
        template = json.loads(text.replace("${%s}" % name, arn))
    return template


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
    assert ports("DatabaseGroup", "IpPermissions") == [5432], ports("DatabaseGroup", "IpPermissions")
    assert 8000 in ports("BalancerGroup", "IpPermissionsEgress")
    assert 8000 in ports("InstanceGroup", "IpPermissions")


deploy(sys.argv[1])
