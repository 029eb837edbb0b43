#!/usr/bin/env bash
# Says whether every C file of the repository is as clang-format writes it (ok, FAIL or skip: tests/run.py counts it).
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

if ! command -v clang-format > /dev/null; then
	echo "skip format: no clang-format"
	exit 0
fi
mapfile -t files < <(git -c safe.directory='*' ls-files '*.c' '*.h')
if [ ${#files[@]} -eq 0 ]; then
	echo "skip format: git lists no files"
elif output=$(clang-format --dry-run -Werror "${files[@]}" 2>&1); then
	echo "ok format"
else
	grep -F ': error:' <<< "$output" | cut -d: -f1 | sort | uniq -c
	echo "FAIL format: run make format"
	exit 1
fi
