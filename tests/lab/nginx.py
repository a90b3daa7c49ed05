"""nginx of the lab: sticky by Tomcat's jvmRoute, the other Tomcats as backup."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence

from tests.lab.host import Machine, Service

PORT, STATUS_PORT = 8088, 8081
_SYSTEMCTL = """#!/bin/sh
[ "$*" = "reload nginx" ] || {{ echo "systemctl: cannot $*" >&2; exit 1; }}
kill -HUP "$(cat {folder}/nginx.pid)"
"""
"""What systemd's unit does: `ExecReload=/usr/sbin/nginx -s reload`."""


class Nginx(Service):
    """`tomcats`: jvmRoute to address."""

    name = "nginx"

    def __init__(self, machine: Machine, tomcats: Mapping[str, str]) -> None:
        super().__init__(machine)
        folder = machine.folder
        self.url = f"http://{machine.address}:{PORT}"
        self.status_url = f"http://{machine.address}:{STATUS_PORT}/nginx_status"
        self.access_log = str(folder / "access.log")
        self.error_log = str(folder / "error.log")
        self.config = folder / "nginx.conf"
        (folder / "tmp").mkdir()
        (folder / "bin").mkdir()
        systemctl = folder / "bin" / "systemctl"
        systemctl.write_text(_SYSTEMCTL.format(folder=folder), "utf-8")
        systemctl.chmod(0o755)
        routes = "".join(f' "~\\.{name}$" {name};' for name in tomcats)
        pools = [self._pool("tomcats", tomcats, "least_conn; ")]
        pools += [self._pool(name, _first(name, tomcats), "", backup=True) for name in tomcats]
        temporary = " ".join(
            f"{kind}_temp_path {folder}/tmp/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        self.config.write_text(
            f"""worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {self.error_log} warn;
events {{ worker_connections 1024; }}
http {{
  log_format up '$msec $status "$request" up=$upstream_addr us=$upstream_status rt=$request_time '
                'urt=$upstream_response_time route=$route';
  access_log {self.access_log} up;
  {temporary}
  map $cookie_JSESSIONID $route {{ default tomcats;{routes} }}
  {"  ".join(pools)}
  server {{
    listen {machine.address}:{PORT};
    location = / {{ default_type text/html; return 200 '<!doctype html><title>Shop</title>Welcome\\n'; }}
    location /app {{
      proxy_pass http://$route;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_connect_timeout 300ms;
      proxy_read_timeout 10s;
      proxy_next_upstream error timeout http_502 http_503 http_504 http_404;
      proxy_next_upstream_tries 3;
      proxy_next_upstream_timeout 3s;
      add_header X-Upstream $upstream_addr always;
    }}
  }}
  server {{
    listen {machine.address}:{STATUS_PORT};
    access_log off;
    location = /nginx_status {{ stub_status; allow 127.0.0.0/8; deny all; }}
  }}
}}
""",
            "utf-8",
        )

    @staticmethod
    def _pool(name: str, tomcats: Mapping[str, str], method: str, backup: bool = False) -> str:
        servers = [
            f"server {address}:8080 "
            + ("backup" if backup and number else "max_fails=1 fail_timeout=2s")
            + ";"
            for number, address in enumerate(tomcats.values())
        ]
        return f"upstream {name} {{ zone {name} 64k; {method}{' '.join(servers)} keepalive 16; }}\n"

    def command(self) -> Sequence[str]:
        return ["/usr/sbin/nginx", "-c", str(self.config), "-p", str(self.machine.folder),
                "-e", str(self.machine.folder / "error.log")]  # fmt: skip

    def answers(self) -> bool:
        return self.get("/") == 200

    def forget(self) -> None:
        """Empties the access log, so that what was wrong before does not count any more."""
        os.truncate(self.access_log, 0)

    def get(self, path: str) -> int:
        """The HTTP status of a page, 0 when there is no answer."""
        return get(self.url + path)


def get(url: str) -> int:
    """The HTTP status of an address, 0 when there is no answer."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return 0


def _first(name: str, tomcats: Mapping[str, str]) -> dict[str, str]:
    """`tomcats` with `name` first, the others in the order in which they follow it."""
    names = list(tomcats)
    at = names.index(name)
    return {one: tomcats[one] for one in (*names[at:], *names[:at])}
