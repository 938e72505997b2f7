# awk -v root=DIR -f namespaces.awk FILE...
# Fails when a private header of src/ declares something outside the namespace of its folder:
# src/harness/store/seal.hpp declares in spurion::harness. A block of another namespace may only define
# what a public class declares (struct Store::State), or declare a class without its members.
FNR == 1 {
  path = substr(FILENAME, length(root) + 2)
  split(path, parts, "/")
  own = "namespace spurion::" parts[2]
  depth = 0
}
/^namespace / && depth == 0 {
  line = $0
  inside = index(line, own) == 1 && substr(line, length(own) + 1) ~ /^(::[a-z_:]+)? \{/
  depth = 1
  next
}
/^}  \/\/ namespace spurion/ { depth = 0; next }
depth == 0 || inside || /^$/ || /^ / || /^[}#]/ || /^\/\// { next }
/^(struct|class|enum class) [A-Za-z_:]+;/ || /^(struct|class) [A-Za-z_]+::[A-Za-z_:]+/ || /^namespace [a-z_]+ \{/ { next }
{
  printf "%s:%d: '%s' is not in %s\n", path, FNR, $0, substr(own, 11)
  failed = 1
}
END { exit failed }
