"""Servers of the comparison: nginx with prepared answers, and a server that answers late. All listen on loopback."""
import gzip, json, os, random, re, shutil, signal, socket, subprocess, time

HOST = "127.0.0.1"
HOSTS = 1000
SMALL = '{"id": 1, "name": "item", "price": 12.5, "tags": ["a", "b"]}'
# Rows of JSON in a body of this size.
ROWS = {"64k": 1050, "1m": 16500}
GZIP_ROWS = {"8k": 107, "64k": 843}
LATE = 2  # seconds until the late server answers


def address(host):
    return f"127.0.{host // 200}.{host % 200 + 1}"


def can_bind(host):
    with socket.socket() as s:
        try:
            s.bind((address(host), 0))
            return True
        except OSError:
            return False


class Servers:
    """The servers while they run. `missing` says why a kind of work cannot be served: {kind: reason}."""

    def __init__(self, folder, pins, peers):
        self.folder, self.pins, self.started, self.missing = folder, pins, [], {}
        self.http = self.https = ""
        self.hosts = HOSTS if can_bind(HOSTS - 1) else 1
        self.files = folder / "files"
        self.files.mkdir()
        self.ca = folder / "certificate.pem"
        try:
            self._start_late(peers)
            self._start_nginx()
        except BaseException:
            self.stop()
            raise

    @property
    def pids(self):
        return [server.pid for server in self.started]

    def stop(self):
        for server in self.started:
            server.send_signal(signal.SIGTERM)
            server.wait()

    def _start_late(self, peers):
        command = self.pins.server([str(peers), "late", str(LATE)])
        late = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.started.append(late)
        self.late = f"http://{HOST}:{int(late.stdout.readline())}/"

    def _start_nginx(self):
        nginx = shutil.which("nginx", path=os.pathsep.join([os.environ["PATH"], "/usr/sbin"]))
        if not nginx:
            self.missing["nginx"] = self.missing["tls"] = "nginx is not installed"
            return
        self._write_bodies()
        tls = self._make_certificate()
        for _ in range(5):
            port, tls_port = free_port(), free_port()
            (self.folder / "nginx.conf").write_text(self._configuration(nginx, port, tls_port if tls else None))
            command = [nginx, "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")]
            with open(self.folder / "nginx.log", "w") as log:
                server = subprocess.Popen(self.pins.server(command), stdin=subprocess.DEVNULL, stderr=log)
            if listens(server, port):
                self.started.append(server)
                self.http, self.https = f"http://{HOST}:{port}", f"https://{HOST}:{tls_port}"
                return
            server.kill()
            server.wait()
        reason = (self.folder / "nginx.log").read_text().strip()[-300:]
        self.missing["nginx"] = self.missing["tls"] = f"nginx does not listen: {reason}"

    def _write_bodies(self):
        for name, count in ROWS.items():
            rows = [{"id": i, "name": "item", "price": 12.5, "tags": ["a", "b"]} for i in range(count)]
            (self.files / f"{name}.json").write_text(json.dumps(rows))
        for name, count in GZIP_ROWS.items():
            body = json.dumps([varied_row(random.Random(i), i) for i in range(count)]).encode()
            (self.files / f"{name}.json.gz").write_bytes(gzip.compress(body, 6))

    def _make_certificate(self):
        if not shutil.which("openssl"):
            self.missing["tls"] = "openssl, which makes the certificate, is not installed"
            return False
        # No extension may come twice, so those of openssl's own configuration are left out. Clients refuse the
        # certificate of an authority as that of a server.
        (self.folder / "openssl.conf").write_text(
            f"[req]\nprompt=no\ndistinguished_name=name\nx509_extensions=more\n[name]\nCN=haul bench\n"
            f"[more]\nsubjectAltName=IP:{HOST}\nbasicConstraints=critical,CA:FALSE\n")
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                   "-config", "openssl.conf", "-keyout", "key.pem", "-out", self.ca.name]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        if done.returncode:
            self.missing["tls"] = f"openssl makes no certificate: {done.stderr.strip()[-300:]}"
        return done.returncode == 0

    def _configuration(self, nginx, port, tls_port):
        version = subprocess.run([nginx, "-v"], capture_output=True, text=True).stderr
        version = tuple(map(int, re.search(r"(\d+)\.(\d+)\.(\d+)", version).groups()))
        # Since 1.25.1 HTTP/2 is a directive of its own.
        http2 = ("", "http2 on;") if version >= (1, 25, 1) else (" http2", "")
        listen = "".join(f"listen {address(host)}:{port} backlog=16384;\n" for host in range(self.hosts))
        places = f"""
    root {self.folder}/served;
    location = /item {{ return 200 '{SMALL}'; }}
    location /files/ {{ alias {self.files}/; }}
    location /gzip/ {{ alias {self.files}/; add_header Content-Encoding gzip; }}"""
        tls = f"""
  server {{ listen {HOST}:{tls_port} ssl{http2[0]}; {http2[1]}
    ssl_certificate {self.ca}; ssl_certificate_key {self.folder}/key.pem; ssl_protocols TLSv1.2 TLSv1.3; {places} }}"""
        temporary = "".join(f"{kind}_temp_path {self.folder}/{kind};\n" for kind in
                            ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return f"""
worker_processes 1; daemon off; master_process off; pid {self.folder}/nginx.pid; error_log {self.folder}/error.log crit;
events {{ worker_connections 16000; }}
http {{ access_log off; sendfile on; keepalive_requests 100000000; keepalive_timeout 600s; default_type application/json;
  {temporary}
  server {{ {listen} {places} }} {tls if tls_port else ''} }}
"""


def varied_row(random, i):
    """A row as unlike the others as those of a real list, so that compression is no better than usual."""
    words = [random.choice(["pen", "ink", "desk", "lamp", "paper", "chair", "shelf", "clock"]) for _ in range(4)]
    return {"id": i, "name": " ".join(words[:2]), "price": random.randrange(100_000) / 100, "tags": words[2:]}


def free_port():
    with socket.socket() as s:
        s.bind((HOST, 0))
        return s.getsockname()[1]


def listens(server, port):
    """Waits until the server accepts connections. False: it ended, or does not within ten seconds."""
    for _ in range(200):
        if server.poll() is not None:
            return False
        with socket.socket() as s:
            if s.connect_ex((HOST, port)) == 0:
                return True
        time.sleep(0.05)
    return False
