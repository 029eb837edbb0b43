#!/usr/bin/env bash
# install.sh GROUP...: installs what these groups of deploy/packages.txt still lack.
# Silent and quick when nothing is missing; never installs or touches a service of the system.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() {
	printf 'install: %s\n' "$*" >&2
}

has_said_why=false
give_up() {
	say "$*"
	has_said_why=true
	exit 1
}

finish() { # never without a word
	local status=$?

	[ -z "$folder" ] || rm -rf "$folder"
	[ $status -eq 0 ] || $has_said_why || say "failed for a reason of its own (status $status)"
}

declare -A wanted=()
unpacked=()

read_groups() {
	local head rest group

	while read -r head rest; do
		for group in "$@"; do
			case $head in
			"$group:") for package in $rest; do wanted[$package]=1; done ;;
			"$group+") unpacked+=("$rest") ;;
			esac
		done
	done < deploy/packages.txt
	[ ${#wanted[@]} -gt 0 ] || give_up "deploy/packages.txt knows no group $*"
}

drop_installed() {
	local package status

	command -v dpkg-query > /dev/null || give_up "this is no Debian; needed: ${!wanted[*]}"
	while read -r package status; do
		[ "$status" != installed ] || unset "wanted[$package]"
	done < <(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${!wanted[@]}" 2> /dev/null)
}

log=
apt() { # apt VERB ...: as root, asking nothing, its words kept for the case that it fails
	local as_root=()

	if [ "$(id -u)" -ne 0 ] && [ "$1" != download ]; then
		as_root=(sudo)
		[ -t 0 ] || as_root=(sudo -n)
	fi
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 NEEDRESTART_SUSPEND=1 apt-get \
		-q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=2 "$@" \
		< /dev/null >> "$log" 2>&1
}

updated=false
apt_or_update() { # package lists may be absent or old: once, fetch them and try again
	apt "$@" && return
	! $updated || return 1
	updated=true
	apt update || true
	apt "$@"
}

why() {
	grep -E '^(E:|sudo:)' "$log" | tail -n 1 || tail -n 1 "$log"
}

without_cluster() { # PostgreSQL's package would else make a database and start it with the system
	local conf=/etc/postgresql-common/createcluster.conf as_root=()

	[ "$(id -u)" -eq 0 ] || as_root=(sudo)
	[ -e $conf ] || echo 'create_main_cluster = false' |
		"${as_root[@]}" install -D -m 644 /dev/stdin $conf
}

install_missing() {
	[ "$(id -u)" -eq 0 ] || command -v sudo > /dev/null ||
		give_up "neither root nor sudo; missing: ${!wanted[*]}"
	say "${!wanted[*]}"
	[ -z "${wanted[postgresql-15]:-}" ] || without_cluster
	apt_or_update install --no-install-recommends "${!wanted[@]}" ||
		give_up "cannot install ${!wanted[*]} ($(why))"
}

unpack() { # unpack PACKAGE FILE
	local tool
	tool=build/tools/$(basename "$2")

	[ ! -x "$tool" ] || return 0
	say "$tool from $1"
	mkdir -p build/tools
	if (cd "$folder" && apt_or_update download "$1") &&
		dpkg-deb --fsys-tarfile "$folder/$1"_*.deb | tar -xO "./$2" > "$folder/tool"; then
		chmod 755 "$folder/tool"
		mv "$folder/tool" "$tool"
	else
		say "no $tool ($(why)); what needs it is skipped"
	fi
}

folder=
trap finish EXIT
read_groups "$@"
drop_installed
missing=${#wanted[@]}
for entry in "${unpacked[@]}"; do
	[ -x "build/tools/${entry##*/}" ] || missing=$((missing + 1))
done
[ "$missing" -gt 0 ] || exit 0

folder=$(mktemp -d)
chmod 755 "$folder"
log=$folder/log
touch "$log"
[ ${#wanted[@]} -eq 0 ] || install_missing
for entry in "${unpacked[@]}"; do
	unpack "${entry%% *}" "${entry##* }"
done
