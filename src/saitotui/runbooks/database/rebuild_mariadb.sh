# The parts of rebuild.sh for MariaDB: mariadb-binlog(1), mariadb-dump(1), mariadb-install-db(1).

# What came after each GTID (`domain-server-sequence`), from the binary log.
extract() {
    for gtid in "$@"; do
        rest=${gtid#*-}
        from="--start-position=$gtid"
        [ "${gtid##*-}" != 0 ] || from=
        # shellcheck disable=SC2086
        mariadb-binlog --no-defaults --verbose --server-id="${rest%-*}" $from "$binlog".[0-9]* ||
            die "the transactions after $gtid are not in the binary log any more"
    done
}

# How many transactions a file that `extract` wrote holds.
transactions() {
    count=$(grep -c '^#.*GTID [0-9]' "$1" || :)
    [ "$count" -gt 0 ] || die "no transaction after $wanted is in the binary log"
    echo "$count"
}

# A line of the state with how far the copy is: `running: loading of BYTES since SECONDS`.
progress() {
    [ "${1%% of *}" = "running: loading" ] && [ -s "$copied" ] || { echo "$1"; return; }
    tr '\r' '\n' <"$copied" | awk -v line="$1" -v now="$(date +%s)" '
        /bytes/ { done = $1 }
        END {
            split(line, words, " ")
            whole = words[4]; spent = now - words[6]
            printf "running: loaded %.0f of about %.0f MB", done / 1e6, whole / 1e6
            if (done > 0 && whole > done) printf ", about %.0f s left", spent * (whole - done) / done
            print ""
        }'
}

closed() {
    started "--read-only=ON --skip-slave-start" || return 1
    [ "$(mariadb --batch --skip-column-names --execute='SELECT @@global.read_only')" = 1 ]
}

# Empties the data directory and loads a dump of the master. $login is an option file for the master.
copy() {
    doing="asking the master how much it has" && say "running: $doing"
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
}
