"""The monitoring tier: what a Zabbix server says, does and cannot see."""
