# The parts of rebuild.sh for MySQL: mysqlbinlog(1), "The Clone Plugin" in the Reference Manual.

# The transactions of a GTID set, from the binary log.
extract() {
    mysqlbinlog --no-defaults --verbose --include-gtids="$1" "$binlog".[0-9]*
}

# How many transactions a file that `extract` wrote holds; none of those that are wanted may be missing.
transactions() {
    count=$(grep -c "^SET @@SESSION.GTID_NEXT= '[^A]" "$1" || :)
    whole=$(echo "$wanted" | tr ',:' '\n\n' | awk -F- '
        /^[0-9]+$/ { sum += 1 }
        /^[0-9]+-[0-9]+$/ { sum += $2 - $1 + 1 }
        END { print sum + 0 }')
    [ "$count" = "$whole" ] || die "only $count of the $whole transactions $wanted are in the binary log still"
    echo "$count"
}

# A line of the state with how far the copy is: `running: cloning since SECONDS`.
progress() {
    case $1 in "running: cloning since "*) ;; *) echo "$1"; return ;; esac
    mysql --batch --skip-column-names --execute="SELECT COALESCE(SUM(data), 0), COALESCE(SUM(estimate), 0) FROM
        performance_schema.clone_progress WHERE stage LIKE '%COPY'" 2>/dev/null |
        awk -v line="$1" -v now="$(date +%s)" '{
            split(line, words, " ")
            printf "running: cloned %.0f of about %.0f MB", $1 / 1e6, $2 / 1e6
            if ($1 > 0 && $2 > $1) printf ", about %.0f s left", (now - words[4]) * ($2 - $1) / $1
            print ""
        }' | grep . || echo "$1"
}

closed() {
    started "--super-read-only=ON --skip-replica-start" || return 1
    [ "$(mysql --batch --skip-column-names --execute='SELECT @@global.super_read_only')" = 1 ]
}

# Clones the master into a new directory and puts that in the place of the old one, which stays until then.
# $login is the CLONE statement up to the directory. The new server gets a server_uuid of its own: with the
# old one it would give GTIDs away again that stand for what it has lost.
copy() {
    case $data in *[!A-Za-z0-9/._-]*) die "the data directory $data has a name that cannot be quoted" ;; esac
    doing="cloning" && say "running: cloning since $(date +%s)"
    rm -rf -- "$beside"
    mkdir -- "$beside"
    chown --reference="$data" -- "$beside"
    chmod --reference="$data" -- "$beside"
    { cat "$login" && echo " DATA DIRECTORY = '$beside/data' REQUIRE SSL;"; } | mysql
    doing="stopping the server" && say "running: $doing"
    systemctl stop "$unit" 9>&-
    doing="putting the clone in its place" && say "running: $doing"
    mv -- "$data" "$old"
    mv -- "$beside/data" "$data"
    chmod --reference="$old" -- "$data"
    rmdir -- "$beside"
    doing="starting it closed" && say "running: $doing"
    closed
}
