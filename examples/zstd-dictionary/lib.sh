# Shared by build, check and score. Each line of a .jsonl file is one small file.

setting() { sed -n "s/^ *\"$1\": *\"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p" settings.json; }

split_lines() { mkdir -p "$2" && awk -v folder="$2" '{ file = sprintf("%s/%04d", folder, NR); print > file; close(file) }' "$1"; }
