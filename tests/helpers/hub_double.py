"""A hub over real HTTP, as far as its clients ask: repositories, commits, large files, tags, downloads, data sets.

Source: the requests of huggingface_hub 1.33 (`hf_api.py`, `_commit_api.py`, `lfs.py`, `file_download.py`).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

TOKEN = "hf_of-these-tests-alone"
LARGE_BYTES = 20_000  # of a file that goes to the store of large files


def git_blob(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@dataclass
class Repository:
    """Commits by name, the newest last; each has every file's bytes."""

    private: bool
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def add(self, files: dict[str, bytes], message: str) -> str:
        head = next(reversed(self.commits), "")
        what = json.dumps([head, message, {path: git_blob(data) for path, data in sorted(files.items())}])
        name = hashlib.sha1(what.encode()).hexdigest()
        self.commits[name] = files
        return name

    @property
    def head(self) -> str:
        return next(reversed(self.commits))

    def find(self, revision: str) -> str | None:
        return {"main": self.head, **self.tags, **{name: name for name in self.commits}}.get(revision)


class HubDouble:
    """The server; use it as a context manager.

    Attributes:
        url: For HF_ENDPOINT.
        repositories: By `owner/name`, of data sets by `datasets/owner/name`.
        asked: How often each kind of request came: "POST commit", "PUT large", ...
        breaks: Kind of request -> how many of them end without an answer, before anything is done.
        readers: Tokens that may read what is private and write nothing.
    """

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.large: dict[str, bytes] = {}
        self.asked: Counter[str] = Counter()
        self.breaks: Counter[str] = Counter()
        self.readers = {"hf_reader"}
        self.lock = threading.RLock()
        hub = self

        class Handler(_Handler):
            double = hub

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> HubDouble:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *details: object) -> None:
        self._server.shutdown()
        self._server.server_close()


# kind, method, path
_ROUTES = [
    ("create", "POST", r"/api/repos/create"),
    ("yaml", "POST", r"/api/validate-yaml"),
    ("preupload", "POST", r"/api/models/(?P<repo>[^/]+/[^/]+)/preupload/(?P<revision>[^/]+)"),
    ("commit", "POST", r"/api/models/(?P<repo>[^/]+/[^/]+)/commit/(?P<revision>[^/]+)"),
    ("tag", "POST", r"/api/models/(?P<repo>[^/]+/[^/]+)/tag/(?P<revision>[^/]+)"),
    ("refs", "GET", r"/api/models/(?P<repo>[^/]+/[^/]+)/refs"),
    ("tree", "GET", r"/api/(models/)?(?P<repo>(datasets/)?[^/]+/[^/]+)/tree/(?P<revision>[^/]+)/?(?P<path>.*)"),
    ("info", "GET", r"/api/(models/)?(?P<repo>(datasets/)?[^/]+/[^/]+)(/revision/(?P<revision>[^/]+))?"),
    ("batch", "POST", r"/(?P<repo>[^/]+/[^/]+)\.git/info/lfs/objects/batch"),
    ("large", "PUT", r"/large/(?P<oid>[0-9a-f]{64})"),
    ("resolve", "HEAD", r"/(?P<repo>(datasets/)?[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)"),
    ("resolve", "GET", r"/(?P<repo>(datasets/)?[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)"),
]


class _Handler(BaseHTTPRequestHandler):
    double: HubDouble
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        body = self._read_body()
        for kind, method, pattern in _ROUTES:
            match = re.fullmatch(pattern, path)
            if method == self.command and match:
                self._serve(kind, {k: unquote(v) for k, v in match.groupdict().items() if v is not None}, body)
                return
        self._answer(501, {"error": f"this double does not know {self.command} {path}"})

    do_POST = do_PUT = do_HEAD = do_GET

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _serve(self, kind: str, found: dict[str, str], body: bytes) -> None:
        hub, said = self.double, f"{self.command} {kind}"
        with hub.lock:
            hub.asked[said] += 1
            if hub.breaks[said] > 0:
                hub.breaks[said] -= 1
                self.close_connection = True
                return
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            if token and token != TOKEN and token not in hub.readers:
                self._answer(401, {}, {"X-Error-Message": "Invalid credentials in Authorization header"})
                return
            if kind not in ("resolve", "refs", "tree", "info", "yaml", "large") and token != TOKEN:
                self._answer(403 if token else 401, {}, {"X-Error-Message": "you may not write here"})
                return
            repo = hub.repositories.get(found.get("repo", ""))
            if "repo" in found and (repo is None or (repo.private and not token)):
                self._answer(404 if token else 401, {}, {"X-Error-Code": "RepoNotFound"})
                return
            if repo is not None and "revision" in found:
                if (commit := repo.find(found["revision"])) is None:
                    self._answer(404, {}, {"X-Error-Code": "RevisionNotFound"})
                    return
                found["revision"] = commit
            getattr(self, f"_{kind}")(repo, found, body)

    def _create(self, repo: None, found: dict[str, str], body: bytes) -> None:
        asked = json.loads(body)
        name = f"{asked['organization']}/{asked['name']}"
        url = {"url": f"{self.double.url}/{name}"}
        if name in self.double.repositories:
            self._answer(409, url)
            return
        made = self.double.repositories[name] = Repository(asked.get("visibility") == "private")
        made.add({".gitattributes": b"*.onnx filter=lfs\n"}, "initial commit")
        self._answer(200, url)

    def _yaml(self, repo: None, found: dict[str, str], body: bytes) -> None:
        self._answer(200, {"errors": [], "warnings": []})

    def _preupload(self, repo: Repository, found: dict[str, str], body: bytes) -> None:
        files, there = [], repo.commits[found["revision"]]
        for entry in json.loads(body)["files"]:
            mode = "lfs" if entry["size"] > LARGE_BYTES else "regular"
            old = there.get(entry["path"])
            oid = None if old is None else _oid(old)
            files.append({"path": entry["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid})
        self._answer(200, {"files": files})

    def _batch(self, repo: Repository, found: dict[str, str], body: bytes) -> None:
        objects = []
        for entry in json.loads(body)["objects"]:
            row = {"oid": entry["oid"], "size": entry["size"]}
            if entry["oid"] not in self.double.large:
                row["actions"] = {"upload": {"href": f"{self.double.url}/large/{entry['oid']}", "header": {}}}
            objects.append(row)
        self._answer(200, {"transfer": "basic", "objects": objects})

    def _large(self, repo: None, found: dict[str, str], body: bytes) -> None:
        assert hashlib.sha256(body).hexdigest() == found["oid"]
        self.double.large[found["oid"]] = body
        self._answer(200, {})

    def _commit(self, repo: Repository, found: dict[str, str], body: bytes) -> None:
        rows = [json.loads(line) for line in body.splitlines()]
        parent = rows[0]["value"].get("parentCommit")
        if parent is not None and parent != repo.head:
            self._answer(412, {"error": "A commit has happened since"})
            return
        files = dict(repo.commits[repo.head])
        for row in rows[1:]:
            path = row["value"]["path"]
            if row["key"] == "file":
                files[path] = base64.b64decode(row["value"]["content"])
            elif row["key"] == "lfsFile":
                files[path] = self.double.large[row["value"]["oid"]]
            else:
                del files[path]
        name = repo.add(files, rows[0]["value"]["summary"])
        self._answer(
            200, {"commitUrl": f"{self.double.url}/{found['repo']}/commit/{name}", "commitOid": name, "success": True}
        )

    def _tag(self, repo: Repository, found: dict[str, str], body: bytes) -> None:
        tag = json.loads(body)["tag"]
        is_new = tag not in repo.tags
        repo.tags.setdefault(tag, found["revision"])
        self._answer(200 if is_new else 409, {})

    def _refs(self, repo: Repository, found: dict[str, str], body: bytes) -> None:
        branches = [{"name": "main", "ref": "refs/heads/main", "targetCommit": repo.head}]
        tags = [{"name": tag, "ref": f"refs/tags/{tag}", "targetCommit": name} for tag, name in repo.tags.items()]
        self._answer(200, {"branches": branches, "tags": tags, "converts": []})

    def _info(self, repo: Repository, found: dict[str, str], body: bytes) -> None:
        commit = found.get("revision", repo.head)
        siblings = [{"rfilename": path} for path in repo.commits[commit]]
        self._answer(
            200,
            {
                "id": found["repo"],
                "modelId": found["repo"],
                "sha": commit,
                "private": repo.private,
                "tags": [],
                "siblings": siblings,
            },
        )

    def _tree(self, repo: Repository, found: dict[str, str], body: bytes) -> None:
        files, under = repo.commits[found["revision"]], found.get("path", "")
        within = {path: data for path, data in files.items() if not under or path.startswith(f"{under}/")}
        if under and not within:
            self._answer(404, {}, {"X-Error-Code": "EntryNotFound"})
            return
        self._answer(200, [_entry(path, data) for path, data in within.items()] + _folders(within))

    def _resolve(self, repo: Repository, found: dict[str, str], body: bytes) -> None:
        data = repo.commits[found["revision"]].get(found["path"])
        if data is None:
            self._answer(404, {}, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": found["revision"]})
            return
        headers = {"X-Repo-Commit": found["revision"], "ETag": f'"{_oid(data)}"', "X-Linked-Size": str(len(data))}
        part = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range") or "")
        if part is not None and self.command == "GET":
            first, last = int(part[1]), min(int(part[2]), len(data) - 1)
            self._send(206, data[first : last + 1], {**headers, "Content-Range": f"bytes {first}-{last}/{len(data)}"})
            return
        self._send(200, data, headers)

    def _answer(self, status: int, document: object, headers: dict[str, str] | None = None) -> None:
        self._send(status, json.dumps(document).encode(), {"Content-Type": "application/json", **(headers or {})})

    def _send(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


def _entry(path: str, data: bytes) -> dict[str, object]:
    row: dict[str, object] = {"type": "file", "path": path, "size": len(data), "oid": git_blob(data)}
    if len(data) > LARGE_BYTES:
        row["lfs"] = {"oid": _oid(data), "size": len(data), "pointerSize": 130}
    return row


def _folders(files: Iterable[str]) -> list[dict[str, object]]:
    names = {str(parent) for path in files for parent in PurePosixPath(path).parents} - {"."}
    return [{"type": "directory", "path": name, "oid": git_blob(name.encode()), "size": 0} for name in sorted(names)]


def _oid(data: bytes) -> str:
    """As the hub names contents: large files by their sha256, others as git does."""
    return hashlib.sha256(data).hexdigest() if len(data) > LARGE_BYTES else git_blob(data)
