"""The application tier: nginx in front of a Tomcat cluster, and what users do."""
