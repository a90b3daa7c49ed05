"""The lab's application: one servlet that counts in its session, reads and writes the database.

Every version is the same class; what differs is the version in its web.xml.
"""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

from tests.lab.tomcats import DEBIAN, Release

DRIVER = Path("/usr/share/java/mariadb-java-client.jar")

SOURCE = """
import jakarta.servlet.http.*;
import java.io.*;
import java.sql.*;

public class Shop extends HttpServlet {
  private String version, database;

  @Override public void init() {
    version = getInitParameter("version");
    database = getInitParameter("database");
    DriverManager.setLoginTimeout(2);
  }

  @Override protected void doGet(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    String page = request.getServletPath();
    response.setContentType("text/plain");
    response.setHeader("Cache-Control", "no-store");
    try {
      String node = System.getProperty("tc");
      String text = "page=" + page + " version=" + version + " node=" + node;
      if (page.equals("/login")) query("SELECT COUNT(*) FROM orders");
      else if (page.equals("/orders")) query("INSERT INTO orders (node) VALUES ('" + node + "')");
      else if (page.equals("/count")) text += " count=" + count(request.getSession(true));
      else if (page.equals("/logout")) request.getSession(true).invalidate();
      response.getWriter().print(text);
    } catch (SQLException error) {
      response.setStatus(500);
      response.getWriter().print(error.getMessage());
    }
  }

  private int count(HttpSession session) {
    Integer before = (Integer) session.getAttribute("count");
    int now = before == null ? 1 : before + 1;
    session.setAttribute("count", now);
    return now;
  }

  private void query(String sql) throws SQLException {
    try (Connection connection = new org.mariadb.jdbc.Driver().connect(database, new java.util.Properties());
         Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
"""

SLOW = """
public class Slow implements jakarta.servlet.ServletContextListener {
  @Override public void contextInitialized(jakarta.servlet.ServletContextEvent event) {
    try { Thread.sleep(8000); } catch (InterruptedException error) { Thread.currentThread().interrupt(); }
  }
}
"""
"""Takes its time to start."""

WEB_XML = """<?xml version="1.0" encoding="UTF-8"?>
<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0">
  <distributable/>
  {listener}<servlet>
    <servlet-name>shop</servlet-name><servlet-class>{servlet}</servlet-class>
    <init-param><param-name>version</param-name><param-value>{version}</param-value></init-param>
    <init-param><param-name>database</param-name><param-value>{database}</param-value></init-param>
    <load-on-startup>1</load-on-startup>
  </servlet>
  <servlet-mapping>
    <servlet-name>shop</servlet-name>
    <url-pattern>/login</url-pattern><url-pattern>/orders</url-pattern>
    <url-pattern>/count</url-pattern><url-pattern>/health</url-pattern><url-pattern>/logout</url-pattern>
  </servlet-mapping>
  <session-config>
    <session-timeout>{minutes}</session-timeout><cookie-config><http-only>true</http-only></cookie-config>
  </session-config>
</web-app>
"""

BROKEN = "NotThere"
"""A listener or servlet that is not there. A listener fails the whole context, a servlet its pages."""


class Wars:
    """Builds WARs in `folder`. `database` is the JDBC address that the application uses."""

    def __init__(self, folder: Path, database: str, release: Release = DEBIAN) -> None:
        self._folder, self._database = folder, database
        folder.mkdir(parents=True)
        sources = {"Shop": SOURCE, "Slow": SLOW}
        for name, source in sources.items():
            source = source.replace("jakarta.servlet", release.servlets)
            (folder / f"{name}.java").write_text(source, "utf-8")
        api = release.home / "lib" / "servlet-api.jar"
        subprocess.run(
            ["javac", "-J-XX:TieredStopAtLevel=1", "-proc:none", "-cp", f"{api}:{DRIVER}",
             *(str(folder / f"{name}.java") for name in sources)],
            check=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def build(self, version: str, listener: str = "", servlet: str = "Shop", minutes: int = 30) -> Path:
        """A WAR of `version`, with the class of a listener (`Slow`, `BROKEN`) or of another servlet, whose
        sessions end after `minutes` of idleness."""
        war = self._folder / f"app##{version}.war"
        tag = f"<listener><listener-class>{listener}</listener-class></listener>" if listener else ""
        web_xml = WEB_XML.format(
            version=version,
            database=self._database.replace("&", "&amp;"),
            listener=tag,
            servlet=servlet,
            minutes=minutes,
        )
        with zipfile.ZipFile(war, "w") as archive:
            archive.writestr("WEB-INF/web.xml", web_xml)
            for name in ("Shop", "Slow"):
                archive.write(self._folder / f"{name}.class", f"WEB-INF/classes/{name}.class")
            archive.write(DRIVER.resolve(), "WEB-INF/lib/mariadb-java-client.jar")
        return war
