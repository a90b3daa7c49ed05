# Brings a database server back as a replica: keeps what only it has, and builds it anew from its master.
#
#   rebuild.sh keep BINLOG DATADIR KEY GTID...     what the GTIDs stand for: from the binary log to a file
#   rebuild.sh kept BINLOG DATADIR KEY             what was kept: `kept: ...`, or `not yet`
#   rebuild.sh begin BINLOG DATADIR KEY UNIT HOST PORT ALWAYS GTID... < LOGIN
#                                                  builds the server anew in the background, once for a KEY;
#                                                  without a GTID only when ALWAYS is `always`
#   rebuild.sh status BINLOG DATADIR KEY           `done`, `failed: ...`, `running: ...` or `not begun`
#
# KEY is what the server had in the beginning: a later rebuild has another one. LOGIN is what the copy needs to
# log in to the master HOST. What is kept stands beside this script; the old data directory is moved aside and
# never deleted. See flock(1), systemctl(1).
set -eu
umask 077
here=$(cd "$(dirname "$0")" && pwd)
lock=$here/rebuild.lock state=$here/rebuild.state login=$here/rebuild.login
copied=$here/rebuild.copied log=$here/rebuild.log memory=$here/rebuild.kept

die() {
    echo "$*" >&2
    exit 1
}

keep() {
    binlog=$1 key=$3
    shift 3
    if [ $# -eq 0 ]; then
        echo "=$key kept: nothing, for it has nothing that the master lacks" >"$memory"
        return
    fi
    wanted=$*
    file=$here/only-here-$(date -u +%Y%m%dT%H%M%SZ).sql
    extract "$@" >"$file"
    count=$(transactions "$file")
    sed -n 's/^### \(INSERT INTO\|UPDATE\|DELETE FROM\) \([^ ]*\).*/\1 \2/p' "$file" | sort | uniq -c | head -n 20
    echo "=$key kept: $count transactions in $file" >"$memory"
}

kept() {
    line=$(cat "$memory" 2>/dev/null || :)
    case $line in
    "=$3 "*) echo "${line#"=$3 "}" ;;
    *) echo "not yet" ;;
    esac
}

say() {
    printf '=%s %s\n' "$key" "$*" >"$state.new"
    mv "$state.new" "$state"
}

status() {
    line=$(cat "$state" 2>/dev/null || :)
    case $line in
    "=$3 "*) line=${line#"=$3 "} ;;
    *) line="not begun" ;;
    esac
    case $line in
    running:*)
        if flock -n "$lock" true; then
            line="failed: it was ended while it was ${line#running: }"
        else
            line=$(progress "$line")
        fi
        ;;
    esac
    echo "$line"
}

begin() {
    key=$3 always=$7
    exec 9>"$lock"
    if ! flock -n 9; then
        echo "it runs already"
        return
    fi
    if grep -qsxF "=$key done" "$state"; then
        echo "it is done already"
        return
    fi
    if [ $# -eq 7 ] && [ "$always" != always ]; then
        say "done"
        echo "nothing is here that the master lacks: it stays as it is"
        return
    fi
    cat >"$login"
    say "running: about to begin"
    setsid sh "$here/rebuild.sh" work "$2" "$3" "$4" "$5" "$6" </dev/null >"$log" 2>&1 &
    echo "begun"
}

# Starts the server with options.
started() {
    systemctl set-environment MYSQLD_OPTS="$1" 9>&-
    systemctl start "$unit" 9>&- || { systemctl unset-environment MYSQLD_OPTS; return 1; }
    systemctl unset-environment MYSQLD_OPTS
}

home() {
    trap - EXIT
    set +e
    rm -f "$login"
    rm -rf -- "$beside"
    if [ -d "$old" ]; then
        systemctl stop "$unit" 9>&-
        rm -rf -- "$data" && mv -- "$old" "$data" && back="; the old data directory is back"
    fi
    closed
    say "failed: $doing: $(tail -n 2 "$log" | tr '\n' ' ')${back:-}"
}

work() {
    data=${1%/} key=$2 unit=$3 host=$4 port=$5
    old=$data.before-$(date -u +%Y%m%dT%H%M%SZ) beside=$data.saitotui-clone
    doing="beginning"
    trap home EXIT
    copy
    trap - EXIT
    rm -f "$login"
    say "done"
}

verb=$1
shift
case $verb in
keep | kept | begin | status | work) "$verb" "$@" ;;
*) die "no verb $verb" ;;
esac
