#!/usr/bin/env bash
# run.sh SECONDS [TARGET...]: every fuzz target (tests/fuzz/TARGET_fuzz.c), or those named, for SECONDS each.
# What it learns stays in build/fuzz/corpus; an input that breaks something goes to tests/fuzz/regression/TARGET,
# to be fixed and committed with the fix.
#
# run.sh --once [TARGET...]: every kept input (corpus and regression) once, with the fuzzers of $BUILD.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

fail() {
	echo "fuzz: $*" >&2
	exit 2
}

targets=()
choose() { # choose [TARGET...]
	local source

	if [ $# -gt 0 ]; then
		targets=("$@")
	else
		for source in tests/fuzz/*_fuzz.c; do
			targets+=("$(basename "$source" _fuzz.c)")
		done
	fi
	for target in "${targets[@]}"; do
		[ -f "tests/fuzz/${target}_fuzz.c" ] || fail "no target $target"
	done
}

once() {
	local build=${BUILD:-build/asan} inputs broken=0

	: > "$build/nothing"
	for target in "${targets[@]}"; do
		mapfile -t inputs < <(find "tests/fuzz/corpus/$target" "tests/fuzz/regression/$target" \
			-type f 2> /dev/null | sort)
		[ ${#inputs[@]} -gt 0 ] || inputs=("$build/nothing")
		if output=$("$build/tests/fuzz/${target}_fuzz" -timeout=20 "${inputs[@]}" 2>&1); then
			echo "ok fuzz $target: ${#inputs[@]} inputs"
		else
			printf '%s\nFAIL fuzz %s: see above\n' "$output" "$target"
			broken=1
		fi
	done
	return $broken
}

# One target for $1 seconds; 1 where it found something.
explore() { # explore SECONDS TARGET
	local learnt=build/fuzz/corpus/$2 found=tests/fuzz/regression/$2 seeds=()

	mkdir -p "$learnt" "$found" build/fuzz/log
	[ ! -d "tests/fuzz/corpus/$2" ] || seeds=("tests/fuzz/corpus/$2")
	if "build/fuzz/tests/fuzz/${2}_fuzz" -max_total_time="$1" -timeout=20 -rss_limit_mb=2048 \
		-artifact_prefix="$found/" -print_final_stats=1 "$learnt" "${seeds[@]}" "$found" \
		> "build/fuzz/log/$2" 2>&1 < /dev/null; then
		echo "ok fuzz $2: $(sed -n 's/^stat::number_of_executed_units: *//p' \
			"build/fuzz/log/$2") inputs tried"
	else
		tail -n 60 "build/fuzz/log/$2"
		echo "FAIL fuzz $2: input kept in $found, all words in build/fuzz/log/$2"
		return 1
	fi
	rmdir "$found" 2> /dev/null || true
}

build() {
	local programs=()

	for target in "${targets[@]}"; do
		programs+=("build/fuzz/tests/fuzz/${target}_fuzz")
	done
	make --no-print-directory -j"$(nproc)" BUILD=build/fuzz CC=clang \
		OPTIMISE="-O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all" \
		"${programs[@]}" || fail "cannot build"
}

case ${1-} in
--once)
	choose "${@:2}"
	once
	;;
'' | *[!0-9]*)
	fail "usage: run.sh SECONDS [TARGET...] | --once [TARGET...]"
	;;
*)
	choose "${@:2}"
	build
	export -f explore
	printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I{} bash -c 'explore "$@"' _ "$1" {}
	;;
esac
