# The report of ginkgo as tables: cells end with a tab.
def name: [.ContainerHierarchyTexts[1:][], .LeafNodeText] | join(" ") | gsub("^\\[Testpattern: "; "[");
# "[Testpattern: Dynamic PV (xfs)] volumes [Feature:…]" is a pattern, a suite and its marks.
def suite: .ContainerHierarchyTexts[1] // "?" | gsub("^\\[Testpattern: [^]]*\\] *"; "") | split(" ")[0];
def bad: .State == "failed" or .State == "panicked" or .State == "interrupted" or .State == "timedout" or .State == "aborted";
# Cases that were not selected bear no reason.
def said_why: .State == "skipped" and (.Failure.Message // "") != "";
def reason: .Failure.Message | gsub("\n.*"; "") | gsub("\""; "") | .[0:110];
def seconds: . / 1000000000 | floor;

.[0] as $run
| [$run.SpecReports[] | select(.LeafNodeType == "It")] as $all
| [$all[] | select(.State == "passed" or bad or said_why)] as $cases
| "suite\tpassed\tfailed\tskipped\tseconds",
  ($cases | group_by(suite)[]
	| "\(.[0] | suite)\t\(map(select(.State == "passed")) | length)\t\(map(select(bad)) | length)\t"
	+ "\(map(select(said_why)) | length)\t\(map(.RunTime) | add | seconds)"),
  "together\t\($cases | map(select(.State == "passed")) | length)\t\($cases | map(select(bad)) | length)\t"
	+ "\($cases | map(select(said_why)) | length)\t\($run.RunTime | seconds)",
  "",
  ($cases[] | select(bad) | "FAILED \(name): \(reason)"),
  ($cases | map(select(said_why)) | group_by(reason)[] | "skipped \(length): \(.[0] | reason)"),
  ($left_out | split("\n")[] | select(. != "") | split("\t") as $line
	| ([$all[] | select(name | test($line[0]))] | length) as $count
	| select($count > 0) | "left out \($count): \($line[0]): \($line[1])")
