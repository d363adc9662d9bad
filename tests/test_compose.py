"""The servers of docker-compose.yml: pinned, bounded, on loopback, healthy by their own port, secrets from files."""

import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import yaml

PROJECT = Path(__file__).parents[1]
COMPOSE = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
PROFILES = {"postgres", "clickhouse", "redis", "redis-cluster", "qdrant", "lab", "weekly"}

TEXTS = {"type": "array", "items": {"type": "string"}}
SCHEMA = {
    "type": "object",
    "required": ["name", "services", "secrets", "volumes"],
    "additionalProperties": False,
    "patternProperties": {"^x-": {}},
    "properties": {
        "name": {"const": "ys-analytics"},
        "secrets": {
            "additionalProperties": {
                "required": ["file"],
                "additionalProperties": False,
                "properties": {"file": {"pattern": r"^\./deploy/secrets/\w+$"}},
            }
        },
        "volumes": {"additionalProperties": {"type": "null"}},
        "services": {
            "additionalProperties": {
                "type": "object",
                "required": ["image", "profiles", "mem_limit", "restart", "logging", "security_opt"],
                "additionalProperties": False,
                "properties": {
                    # an exact version: of three numbers, or two where the maker publishes two
                    "image": {"pattern": r"^[a-z0-9/-]+:v?\d+\.\d+(\.\d+)*(-p\d+)?(-[a-z]+)?$"},
                    "build": {"type": "object"},
                    "profiles": {"type": "array", "minItems": 1, "items": {"enum": sorted(PROFILES)}},
                    "mem_limit": {"pattern": r"^\d+[mg]$"},
                    "shm_size": {"pattern": r"^\d+m$"},
                    "restart": {"enum": ["unless-stopped", "on-failure"]},
                    "security_opt": {"contains": {"const": "no-new-privileges:true"}},
                    "logging": {"required": ["driver", "options"]},
                    "ulimits": {"type": "object"},
                    "user": {"type": "string"},
                    "environment": {"additionalProperties": {"type": "string"}},
                    "entrypoint": TEXTS,
                    "command": TEXTS,
                    "ports": {"items": {"pattern": r"^127\.0\.0\.1:\d+:\d+$"}},
                    "network_mode": {"const": "host"},
                    "secrets": TEXTS,
                    "volumes": TEXTS,
                    "depends_on": {"additionalProperties": {"properties": {"condition": {"const": "service_healthy"}}}},
                    "healthcheck": {"required": ["test", "interval", "timeout", "retries", "start_period"]},
                },
            }
        },
    },
}


def test_the_file_is_what_compose_reads():
    """Every key is one we know, and every service is pinned, bounded, logged in bounds and without new privileges."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(COMPOSE, SCHEMA)
    assert {profile for service in SERVICES.values() for profile in service["profiles"]} == PROFILES


def test_every_server_is_asked_at_the_port_its_clients_use():
    """A service that stays up has a health check, over the port that is published or that the host's clients use."""
    for name, service in SERVICES.items():
        if service["restart"] == "on-failure":  # it ends when its work is done
            continue
        command = " ".join(service["healthcheck"]["test"])
        inside = [port.rsplit(":", 1)[1] for port in service.get("ports", [])]
        if service.get("network_mode") == "host":
            inside = re.findall(r"\b(?:6379|6380|2637\d|2638\d|700\d|8888)\b", " ".join(_words(service)))[:1] or [
                "8888"
            ]
        for port in inside or ["9181"]:
            assert port in command, name


def test_no_port_is_published_twice():
    """All profiles can be up at once."""
    ports = [port.split(":")[1] for service in SERVICES.values() for port in service.get("ports", [])]
    ports += ["6379", "6380", "26379", "26380", "26381", "7001", "7002", "7003", "17001", "17002", "17003", "8888"]
    assert len(ports) == len(set(ports))


@pytest.mark.parametrize("name", [n for n, s in SERVICES.items() if s.get("network_mode") == "host"])
def test_on_the_hosts_network_only_loopback_is_bound(name):
    """Without a bridge between, the configuration itself must not listen anywhere else."""
    texts = [path.read_text() for path in _mounted(SERVICES[name])]
    texts += [(PROJECT / "deploy/lab/start.sh").read_text()] if name == "lab" else []
    listens = re.findall(r"^bind (\S+)$|ServerApp\.ip=(\S+)", "\n".join(texts), re.MULTILINE)
    assert name in {"redis-cluster-join", "weekly"} or listens  # these end, and listen nowhere
    assert {one or other for one, other in listens} <= {"127.0.0.1"}


def test_every_volume_is_used_once_and_every_file_is_there():
    """Data lives in named volumes, one a server; what is mounted from the checkout exists and is read-only."""
    named = [v.split(":")[0] for s in SERVICES.values() for v in s.get("volumes", []) if not v.startswith("./")]
    assert sorted(named) == sorted(COMPOSE["volumes"])
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            assert not volume.startswith("./") or volume.endswith(":ro")
        for path in _mounted(service):
            assert path.is_file(), path


def test_secrets_come_from_files_alone(tmp_path):
    """Each that a service reads is declared, made by the script, read by someone, and never in the environment."""
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", [])}
    assert used == set(COMPOSE["secrets"])
    for _ in range(2):  # a second run changes nothing
        subprocess.run(["sh", PROJECT / "deploy/make-secrets.sh", tmp_path / "secrets"], check=True)
    made = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert used <= set(made)
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    words = [text for name, text in made.items() if name.endswith(("password", "key", "token"))]
    assert len(set(words)) == len(words)
    assert min(map(len, words)) >= 32
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            assert "PASSWORD" not in name or value.startswith("/run/secrets/")
    ET.fromstring(made["clickhouse_secrets"])  # noqa: S314 - our own file
    assert yaml.safe_load(made["qdrant_config"])["service"]["read_only_api_key"] == made["qdrant_read_only_api_key"]


@pytest.mark.parametrize("name", ["lab", "weekly"])
def test_the_lab_holds_no_password_of_an_owner(name):
    """JupyterLab and the weekly reports read as the analyst, whose passwords are secrets of their own."""
    theirs = set(SERVICES[name]["secrets"])
    owners = {"postgres_password", "postgres_replication_password", "redis_password", "redis_auth", "qdrant_config",
              "clickhouse_secrets", "pgbouncer_users"}  # fmt: skip
    assert theirs & owners == set()
    assert set(re.findall(r"\$secrets/(\w+)", (PROJECT / "deploy/lab/start.sh").read_text())) == theirs


@pytest.mark.parametrize("path", sorted((PROJECT / "deploy/clickhouse").glob("*.xml")), ids=lambda path: path.name)
def test_clickhouse_reads_xml(path):
    """Well-formed; no account without a password, and the analyst's profile only reads."""
    root = ET.parse(path).getroot()  # noqa: S314 - our own file
    assert root.tag == "clickhouse"
    users = [user for user in root.findall("users/*") if user.get("remove") is None]
    assert all(user.find("password_sha256_hex").get("incl") for user in users)
    if users:
        assert root.findtext("profiles/analyst/readonly") == "2"


@pytest.mark.parametrize("path", sorted((PROJECT / "deploy").rglob("*.sh")), ids=lambda path: path.name)
def test_scripts_are_shell(path):
    """Each stops at the first error, and `sh` can read it."""
    assert "\nset -eu\n" in path.read_text()
    subprocess.run(["sh", "-n", path], check=True)


def _words(service: dict) -> list[str]:
    return [*service.get("command", []), *service.get("environment", {}).values()]


def _mounted(service: dict) -> list[Path]:
    return [PROJECT / v.split(":")[0] for v in service.get("volumes", []) if v.startswith("./")]
