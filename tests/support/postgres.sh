#!/bin/sh
# A private PostgreSQL server that lives as long as whoever holds this script's standard input.
#
# usage: postgres.sh FOLDER-OF-THE-SERVER'S-PROGRAMS
#
# Prints the folder of its socket once it accepts connections. Then obeys `start`, `stop`, `demote` and `promote`, each on its
# own line, and repeats the word when it is done. `stop` is as abrupt as a crash; `demote` makes the server a standby, which
# only reads, and `promote` makes that a primary again. At the end of input it stops the server and removes everything, so that
# nothing stays behind however the test process ends.
set -eu

programs=$1
home=$(mktemp -d /tmp/pointsman-postgres.XXXXXX)
cd "$home"

start() {
    # Durable against the death of the server, which tests cause, and not against that of the machine, which they don't.
    "$programs/pg_ctl" --pgdata=data --log=log --wait --silent \
        --options="-c listen_addresses='' -c unix_socket_directories='$home' -c fsync=off -c max_connections=200" start >/dev/null ||
        { cat log; exit 1; }
}

stop() {
    "$programs/pg_ctl" --pgdata=data --mode=immediate --wait --silent stop >/dev/null 2>&1 || true
}

clean() {
    trap - EXIT
    # A test runner that is interrupted signals more than once.
    trap '' HUP INT TERM
    stop
    cd /
    rm -rf "$home"
}
trap clean EXIT
trap 'exit 1' HUP INT TERM

"$programs/initdb" --pgdata=data --username=pointsman --auth=trust --encoding=UTF8 --locale=C --no-sync >log 2>&1 || { cat log; exit 1; }
start
echo "$home"
while read -r order; do
    case $order in
    start) start ;;
    stop) stop ;;
    demote) stop && touch data/standby.signal && start ;;
    promote) "$programs/pg_ctl" --pgdata=data --wait --silent promote >/dev/null ;;
    esac
    echo "$order"
done
