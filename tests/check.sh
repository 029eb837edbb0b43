#!/usr/bin/env bash
# check.sh [PART...]: what can be said about the code without running the services; all parts where none is named.
# Every part runs even when another has failed; the last line says which did.  CHECK_FAST=1 leaves out tidy.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

PARTS=(format drift shell cppcheck gcc clang asan fuzz tidy)
CORES=$(nproc)
ROOMS=(proto common services deploy)
SANITIZE="-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"

tracked() { # tracked PATTERN...
	git -c safe.directory='*' ls-files "$@"
}

build() { # build TREE COMPILER OPTIMISE TARGET...
	make --no-print-directory -j"$CORES" BUILD="$1" CC="$2" OPTIMISE="$3" "${@:4}" |
		grep -v '^  \(CC\|LD\) \|^make.*: Nothing to be done'
	return "${PIPESTATUS[0]}"
}

part_format() {
	tests/format.sh
}

part_drift() {
	/usr/bin/python3 tests/drift.py
	local status=$?
	/usr/bin/python3 tests/drift.py --self-test && return $status
}

part_shell() {
	local scripts

	mapfile -t scripts < <(tracked | xargs -d '\n' grep -lE -m1 '^#! ?/.*\b(ba)?sh$' --)
	shellcheck "${scripts[@]}"
}

part_cppcheck() {
	local sources

	mapfile -t sources < <(tracked "${ROOMS[@]/%//*.c}")
	mkdir -p build/cppcheck
	# The loops of jansson and uthash are macros, whose headers cppcheck does not read.
	cppcheck -q -j"$CORES" --std=c11 --library=posix -I. -D_GNU_SOURCE \
		--enable=warning,performance,portability --error-exitcode=1 --inline-suppr \
		--cppcheck-build-dir=build/cppcheck --suppressions-list=tests/cppcheck.txt \
		--suppress=missingInclude --suppress=missingIncludeSystem \
		-D'json_array_foreach(array,i,value)=while(more_of(array,&i,&value))' \
		-D'json_object_foreach(object,key,value)=while(more_of(object,&key,&value))' \
		-D'json_object_foreach_safe(object,next,key,value)=while(more_of(object,&key,&value))' \
		-D'HASH_ITER(hh,head,each,next)=while(more_of(head,&each,&next))' \
		"${sources[@]}"
}

part_gcc() {
	build build gcc "-O2 -g" all units
}

part_clang() {
	build build/clang clang "-O2 -g" all units
}

part_asan() {
	build build/asan clang "$SANITIZE" units fuzzers &&
		SLOWER=4 BUILD=build/asan \
			ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1 \
			UBSAN_OPTIONS=print_stacktrace=1 /usr/bin/python3 tests/run.py tests/unit/
}

part_fuzz() {
	build build/asan clang "$SANITIZE" fuzzers && BUILD=build/asan tests/fuzz/run.sh --once
}

part_tidy() { # only what has changed since it was last found clean, see the Makefile
	make --no-print-directory -k -j"$CORES" BUILD=build/clang CC=clang OPTIMISE="-O2 -g" tidy
}

if [ $# -gt 0 ]; then
	PARTS=("$@")
elif [ -n "${CHECK_FAST-}" ]; then
	unset 'PARTS[-1]'
fi
failed=()
for part in "${PARTS[@]}"; do
	[ "$(type -t "part_$part")" = function ] || { echo "check: no part $part"; exit 2; }
	began=$SECONDS
	if "part_$part"; then
		echo "check: $part is well ($((SECONDS - began)) s)"
	else
		echo "check: $part FAILED ($((SECONDS - began)) s)"
		failed+=("$part")
	fi
done
if [ ${#failed[@]} -gt 0 ]; then
	echo "check: FAILED: ${failed[*]}"
	exit 1
fi
echo "check: all is well: ${PARTS[*]}"
