#!/bin/sh
# Brings a MariaDB server back as a replica: keeps what only it has, and builds it anew from its master.
#
#   rebuild.sh keep BINLOG DATADIR KEY GTID...     what came after each GTID: from the binary log to a file
#   rebuild.sh kept BINLOG DATADIR KEY             what was kept: `kept: ...`, or `not yet`
#   rebuild.sh begin BINLOG DATADIR KEY UNIT HOST PORT ALWAYS GTID... < OPTIONS
#                                                  builds the server anew in the background, once for a KEY;
#                                                  without a GTID only when ALWAYS is `always`
#   rebuild.sh status BINLOG DATADIR KEY           `done`, `failed: ...`, `running: ...` or `not begun`
#
# KEY is what the server had in the beginning: a later rebuild has another one. OPTIONS is an option file (user
# and password) for the master HOST. What is kept stands beside this script; the old data directory is moved
# aside and never deleted. See mariadb-binlog(1), mariadb-dump(1), flock(1).
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
    file=$here/only-here-$(date -u +%Y%m%dT%H%M%SZ).sql
    for gtid in "$@"; do
        rest=${gtid#*-}
        from="--start-position=$gtid"
        [ "${gtid##*-}" != 0 ] || from=
        # shellcheck disable=SC2086
        mariadb-binlog --no-defaults --verbose --server-id="${rest%-*}" $from "$binlog".[0-9]* ||
            die "the transactions after $gtid are not in the binary log any more"
    done >"$file"
    count=$(grep -c '^#.*GTID [0-9]' "$file" || :)
    [ "$count" -gt 0 ] || die "no transaction after $* is in the binary log"
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
        elif [ "${line%% of *}" = "running: loading" ] && [ -s "$copied" ]; then
            line=$(tr '\r' '\n' <"$copied" | awk -v line="$line" -v now="$(date +%s)" '
                /bytes/ { done = $1 }
                END {
                    split(line, words, " ")
                    whole = words[4]; spent = now - words[6]
                    printf "running: loaded %.0f of about %.0f MB", done / 1e6, whole / 1e6
                    if (done > 0 && whole > done) printf ", about %.0f s left", spent * (whole - done) / done
                }')
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

closed() {
    systemctl set-environment MYSQLD_OPTS="--read-only=ON --skip-slave-start" 9>&-
    systemctl start "$unit" 9>&- || { systemctl unset-environment MYSQLD_OPTS; return 1; }
    systemctl unset-environment MYSQLD_OPTS
    [ "$(mariadb --batch --skip-column-names --execute='SELECT @@global.read_only')" = 1 ]
}

home() {
    trap - EXIT
    set +e
    rm -f "$login"
    if [ -d "$old" ]; then
        systemctl stop "$unit" 9>&-
        rm -rf -- "$data" && mv -- "$old" "$data" && back="; the old data directory is back"
    fi
    closed
    say "failed: $doing: $(tail -n 2 "$log" | tr '\n' ' ')${back:-}"
}

work() {
    data=${1%/} key=$2 unit=$3 host=$4 port=$5
    old=$data.before-$(date -u +%Y%m%dT%H%M%SZ)
    doing="asking the master how much it has"
    trap home EXIT
    say "running: $doing"
    whole=$(mariadb --defaults-extra-file="$login" --protocol=TCP --host="$host" --port="$port" \
        --batch --skip-column-names --execute="SELECT COALESCE(SUM(data_length + index_length), 0) FROM information_schema.tables")
    free=$(df -P -k "$data" | awk 'NR == 2 { printf "%.0f", $4 * 1024 }')
    [ "$(awk -v free="$free" -v whole="$whole" 'BEGIN { print (free > whole * 1.2) }')" = 1 ] ||
        die "the master has $whole bytes, only $free are free beside $data"
    doing="stopping the server" && say "running: $doing"
    systemctl stop "$unit" 9>&-
    doing="moving its data aside" && say "running: $doing"
    mv -- "$data" "$old"
    doing="laying out an empty server" && say "running: $doing"
    mkdir -- "$data"
    chown --reference="$old" -- "$data"
    chmod --reference="$old" -- "$data"
    mariadb-install-db --user="$(stat -c %U "$old")" --datadir="$data" --skip-test-db
    doing="starting it closed" && say "running: $doing"
    closed
    doing="loading" && say "running: loading of $whole since $(date +%s)"
    rm -f "$here/rebuild.broken"
    {
        mariadb-dump --defaults-extra-file="$login" --protocol=TCP --host="$host" --port="$port" --all-databases \
            --single-transaction --quick --gtid --master-data=1 --routines --events --triggers --hex-blob ||
            : >"$here/rebuild.broken"
    } | dd bs=256k iflag=fullblock status=progress 2>"$copied" | mariadb --init-command="SET sql_log_bin = 0"
    [ ! -e "$here/rebuild.broken" ]
    mariadb --execute="SET sql_log_bin = 0; FLUSH PRIVILEGES"
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
