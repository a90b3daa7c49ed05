# Starts one dead service of this host again, for Zabbix's recovery actions: recover nginx|haproxy|tomcat|database
# The lines above say where things are. Prints one line, which also goes to syslog: DONE, REFUSED or FAILED, and why.
# It is bounded: 3 starts in 10 minutes. It does nothing while a runbook is at work here.
set -u
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
what=${1:-}
state=/run/lock/saitotui-recover
umask 077
mkdir -p "$state"

tell() {
    code=$1
    shift
    now=$(date +%s)
    printf '%s %s\n' "$now" "$*" >>"$state/$what"
    logger -t saitotui-recover "$what: $*" 2>/dev/null
    echo "$what: $*"
    exit "$code"
}

# What it prints when it fails is one line of the answer.
tried() {
    said=$("$@" 2>&1) || tell 1 "FAILED: $1: $(printf %s "$said" | tail -n 1)"
}

case $what in nginx | haproxy | tomcat | database) ;; *) echo "recover: nginx, haproxy, tomcat or database" >&2; exit 2;; esac
exec 9>"$state/$what.lock"
flock -n 9 || { echo "$what: REFUSED: somebody else is at it"; exit 1; }

now=$(date +%s)
for lease in /run/lock/saitotui/*/holder /etc/pve/saitotui/*/holder; do
    [ -e "$lease" ] || continue
    [ $((now - $(stat -c %Y "$lease"))) -gt 90 ] || tell 1 "REFUSED: a runbook is at work: $(head -c 200 "$lease")"
done
starts=$(awk -v since=$((now - 600)) '$1 >= since && $2 == "begins"' "$state/$what" 2>/dev/null | wc -l)
[ "$starts" -lt 3 ] || tell 1 "REFUSED: started 3 times in 10 minutes: a person has to look"

# A dead server says nothing of its role: MariaDB's file of its master is there while it is a replica, and only then
# (RESET SLAVE ALL, promotion, takes it away).
was_replica() {
    data=$(my_print_defaults mysqld mariadbd server 2>/dev/null | sed -n 's/^--datadir=//p' | tail -n 1)
    data=${data:-/var/lib/mysql}
    [ -d "$data" ] || tell 1 "REFUSED: no data directory $data"
    for file in "$data"/master.info "$data"/master-*.info; do
        [ -s "$file" ] && return 0
    done
    return 1
}

running() {
    pgrep -u mysql -f '/(mariadbd|mysqld)( |$)' >/dev/null
}

case $what in
nginx)
    tried nginx -t -q -c "$NGINX_CONFIG"
    echo "$now begins" >>"$state/$what"
    tried systemctl restart "$NGINX_UNIT"
    ;;
haproxy)
    tried haproxy -c -q -f "$HAPROXY_CONFIG"
    echo "$now begins" >>"$state/$what"
    tried systemctl restart "$HAPROXY_UNIT"
    ;;
tomcat)
    echo "$now begins" >>"$state/$what"
    tried systemctl restart "$TOMCAT_UNIT"
    ;;
database)
    ! running || tell 1 "REFUSED: it runs"
    was_replica || tell 1 "REFUSED: it was no replica when it died: a person promotes, or starts it"
    case $(systemctl is-enabled "$DATABASE_UNIT" 2>/dev/null) in
    masked*) tell 1 "REFUSED: it is masked: somebody fenced it";;
    esac
    echo "$now begins" >>"$state/$what"
    tried systemctl start "$DATABASE_UNIT"
    tried mariadb -e 'START SLAVE'
    ;;
esac
tell 0 "DONE: started again"
