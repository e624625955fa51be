"""Makes operators.json: strict schemas of the operators' resources that k8s/ uses, so that tests need no network and no cluster.

    git clone --depth 1 --branch 1.2.0 https://github.com/strimzi/strimzi-kafka-operator strimzi
    git clone --depth 1 --branch v2.20.2 https://github.com/kedacore/keda keda
    git clone --depth 1 --branch v0.93.0 https://github.com/prometheus-operator/prometheus-operator prometheus
    pip install PyYAML==6.0.3 && python3 deploy/schemas/make-operators.py strimzi keda prometheus

Descriptions are left out, and what is there more than once is kept once.
"""

import collections
import json
import pathlib
import sys

import yaml

FILES = [
    "packaging/helm-charts/helm3/strimzi-kafka-operator/crds/040-Crd-kafka.yaml",
    "packaging/helm-charts/helm3/strimzi-kafka-operator/crds/041-Crd-kafkaconnect.yaml",
    "packaging/helm-charts/helm3/strimzi-kafka-operator/crds/043-Crd-kafkatopic.yaml",
    "packaging/helm-charts/helm3/strimzi-kafka-operator/crds/044-Crd-kafkauser.yaml",
    "packaging/helm-charts/helm3/strimzi-kafka-operator/crds/045-Crd-kafkanodepool.yaml",
    "packaging/helm-charts/helm3/strimzi-kafka-operator/crds/047-Crd-kafkaconnector.yaml",
    "config/crd/bases/keda.sh_scaledobjects.yaml",
    "config/crd/bases/keda.sh_triggerauthentications.yaml",
    "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
    "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
]
COMMENT = (
    "From the CRDs of Strimzi 1.2.0, KEDA 2.20.2 and the Prometheus operator 0.93.0 (all Apache-2.0); see make-operators.py."
)
SHARED_FROM = 120


def text_of(node):
    return json.dumps(node, separators=(",", ":"), sort_keys=True)


def strict(schema):
    """One schema without words, which takes no field that it does not name, as the API server's strict validation does."""
    kept = {}
    for key, value in schema.items():
        if key in ("description", "example", "default") or key.startswith("x-kubernetes-"):
            continue
        if key == "pattern" and "(?" in value:
            # Go's regular expressions, which the tests do not speak.
            continue
        if key == "properties":
            kept[key] = {name: strict(inner) for name, inner in value.items()}
        elif key in ("oneOf", "anyOf", "allOf"):
            # Each names some of the fields only.
            kept[key] = value
        elif isinstance(value, dict):
            kept[key] = strict(value)
        else:
            kept[key] = value
    open_ended = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if "properties" in kept and not open_ended:
        kept["additionalProperties"] = False
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    return kept


def count(node, counts):
    if isinstance(node, dict):
        counts[text_of(node)] += 1
        for value in node.values():
            count(value, counts)


def shared(node, counts, definitions):
    if not isinstance(node, dict):
        return node
    inner = {key: shared(value, counts, definitions) for key, value in node.items()}
    text = text_of(node)
    if "type" not in node or not isinstance(node["type"], str) or counts[text] < 2 or len(text) < SHARED_FROM:
        return inner
    name = definitions.setdefault(text, (f"shared{len(definitions)}", inner))[0]
    return {"$ref": f"#/$defs/{name}"}


def crd(file):
    for folder in sys.argv[1:]:
        path = pathlib.Path(folder, file)
        if path.exists():
            return yaml.safe_load(path.read_text())
    sys.exit(f"{file} is in none of the folders")


kinds = {}
for spec in (crd(file)["spec"] for file in FILES):
    for version in spec["versions"]:
        schema = strict(version["schema"]["openAPIV3Schema"])
        # What every object has, and what only the cluster writes.
        schema["properties"]["metadata"] = {"type": "object"}
        schema["properties"].pop("status", None)
        kinds[f"{spec['group']}/{version['name']}/{spec['names']['kind']}"] = schema
counts = collections.Counter()
for schema in kinds.values():
    count(schema, counts)
definitions = {}
whole = {
    name: {key: shared(value, counts, definitions) for key, value in schema.items()} for name, schema in kinds.items()
}
output = {"$comment": COMMENT, "kinds": whole, "$defs": {name: inner for name, inner in definitions.values()}}
pathlib.Path(__file__).with_name("operators.json").write_text(json.dumps(output, separators=(",", ":")) + "\n")
