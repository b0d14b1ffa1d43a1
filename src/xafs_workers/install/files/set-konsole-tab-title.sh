#!/bin/sh
# Titles of Konsole's tabs. Read into a script it gives two functions; run with a title it sets it.

_konsole_qdbus() {
    for _konsole_name in qdbus6 qdbus-qt6 qdbus-qt5 qdbus; do
        if command -v "$_konsole_name" >/dev/null 2>&1; then
            echo "$_konsole_name"
            return 0
        fi
    done
    return 1
}

# set_konsole_tab_title TITLE: local tabs (0) and remote ones (1) alike; other terminals get a window title
set_konsole_tab_title() {
    if [ -n "${KONSOLE_DBUS_SERVICE:-}" ] && [ -n "${KONSOLE_DBUS_SESSION:-}" ] && _konsole_tool=$(_konsole_qdbus); then
        for _konsole_context in 0 1; do
            "$_konsole_tool" "$KONSOLE_DBUS_SERVICE" "$KONSOLE_DBUS_SESSION" \
                org.kde.konsole.Session.setTabTitleFormat "$_konsole_context" "$1" >/dev/null 2>&1 || return 0
        done
    elif [ -t 1 ]; then
        printf '\033]0;%s\007' "$1"
    fi
}

# reset_konsole_tab_title: what Konsole shows by itself, folder and program
reset_konsole_tab_title() {
    set_konsole_tab_title '%d : %n'
}

case "${0##*/}" in
    set-konsole-tab-title.sh)
        if [ $# -ne 1 ]; then
            echo "usage: set-konsole-tab-title.sh TITLE" >&2
            exit 2
        fi
        set_konsole_tab_title "$1"
        ;;
esac
