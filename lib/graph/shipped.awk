# Makes a C table of the .arch files on the command line.
BEGIN {
	print "/* made by shipped.awk: do not edit */"
	print "#include \"graph/graph.h\"\n"
	print "static const struct {"
	print "\tconst char *name, *text;\n} shipped[] = {"
}
FNR == 1 {
	if (NR > 1)
		print "\t},"
	name = FILENAME
	sub(/.*\//, "", name)
	sub(/\.arch$/, "", name)
	print "\t{ \"" name "\","
}
{
	gsub(/\\/, "\\\\")
	gsub(/"/, "\\\"")
	print "\t\"" $0 "\\n\""
}
END {
	print "\t},\n};\n"
	print "size_t\ngraph_shipped_count(void)\n{"
	print "\treturn (sizeof(shipped) / sizeof(*shipped));\n}\n"
	print "const char *\ngraph_shipped_name(size_t i)\n{"
	print "\treturn (shipped[i].name);\n}\n"
	print "const char *\ngraph_shipped_text(size_t i)\n{"
	print "\treturn (shipped[i].text);\n}"
}
