# awk -v root=SOURCE_DIR -f include_circles.awk files...: fails where headers include each other in a circle,
# and names the files that are left when all others have been taken out. Paths as CMake gives them.
FNR == 1 { known[FILENAME] = 1 }
/^#include "/ {
  split($0, part, "\"")
  edge[++edges] = FILENAME SUBSEP part[2]
}
END {
  for (i = 1; i <= edges; i++) {
    split(edge[i], pair, SUBSEP)
    to = ""
    if ((root "/src/" pair[2]) in known) to = root "/src/" pair[2]
    else if ((root "/include/" pair[2]) in known) to = root "/include/" pair[2]
    if (to == "") continue
    needs[pair[1]]++
    users[to, ++count[to]] = pair[1]
  }
  for (file in known) if (needs[file] == 0) ready[++last] = file
  for (next_one = 1; next_one <= last; next_one++) {
    file = ready[next_one]
    delete known[file]
    for (i = 1; i <= count[file]; i++) if (--needs[users[file, i]] == 0) ready[++last] = users[file, i]
  }
  for (file in known) { print file ": is in a circle of includes, or includes one"; left++ }
  printf "%d files looked at, %d includes\n", last + left, edges
  exit left > 0
}
