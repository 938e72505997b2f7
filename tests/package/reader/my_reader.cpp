// Reads a store, answers its questions, and writes its report.
#include <spurion/results.hpp>

#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  try {
    const spurion::StoredResults results = spurion::read_results(argv[1]);
    std::printf("%zu trials\n", results.trials.size());
    for (const spurion::analysis::Answer& answer : spurion::analysis::answer_all(results)) {
      std::printf("%s %s\n", answer.question.c_str(), answer.sentence.c_str());
    }
    std::printf("report: %s\n", spurion::write_report(argv[1]).html.c_str());
  } catch (const spurion::StoreError& error) {
    std::printf("no store: %s\n", error.what());
  }
}
