#!/bin/sh
# Repo prints from standard input, `instrument,rate_pct` a line, to crunchwatch: sh kcat.sh HOST:PORT TOPIC.
# Needs kcat, and a `date` that knows nanoseconds (GNU).
source=desk-kcat-$(date +%s) # a new name at each start, because the numbers begin anew

event() { # number, fields; here a print is about the moment at which it is known
    now=$(date +%s%N)
    printf '{"market":"UST","source":"%s","sequence":%d,"ts":%s,"known":%s,"provenance":"quoted",%s}\n' \
        "$source" "$1" "$now" "$now" "$2"
}

beat() { # the roster names every stream of the market; each needs heartbeats of its own
    event 0 '"kind":"heartbeat","stream":"repo","roster":["repo"]'
}

{
    beat
    while sleep 60 >/dev/null 2>&1; do beat; done &
    trap 'kill $!' EXIT
    number=0
    while IFS=, read -r instrument rate; do
        number=$((number + 1))
        event $number "\"kind\":\"repo_print\",\"segment\":\"SPECIAL\",\"instrument\":\"$instrument\",\"rate_pct\":$rate,\"statistic\":\"print\""
    done
} | kcat -P -b "$1" -t "$2" -k UST -X partitioner=murmur2_random -X enable.idempotence=true
