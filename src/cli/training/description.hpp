#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "spurion/catalog.hpp"
#include "spurion/suite.hpp"

/// \file
/// What `spurion describe` says about a thing, as JSON; the text is made from it.

namespace spurion::cli {

using Json = nlohmann::ordered_json;

/// The options of a schema, a list of objects.
Json option_list(const std::vector<FieldInfo>& fields);

// One object for what is called `name` and is there. `pairs`, "option=value", override the
// defaults of what is built to be looked at.
Json describe_environment(const Catalog& catalog, const std::string& name,
                          const std::vector<std::string>& pairs);
Json describe_model(const Catalog& catalog, const std::string& name);
Json describe_method(const Catalog& catalog, const std::string& name,
                     const std::vector<std::string>& pairs);
Json describe_regime(const Catalog& catalog, const std::string& name,
                     const std::vector<std::string>& pairs);
Json describe_metric(const Catalog& catalog, const std::string& name);
/// Of a probe, with what it sees and what its number is evidence for.
Json describe_probe(const Catalog& catalog, const std::string& name,
                    const std::vector<std::string>& pairs);
/// Of a kind of question, with the keys that all of them have.
Json describe_question(const Catalog& catalog, const std::string& name);
/// Of a selector, with what it reads.
Json describe_selector(const Catalog& catalog, const std::string& name);
Json describe_image_source(const Catalog& catalog, const std::string& name);
/// Of a suite by its name or file: its grid and its questions.
Json describe_suite(const Catalog& catalog, const std::string& name);
/// What may stand in a suite file.
Json describe_suite_file();

/// Everything called `name`: one object for each noun it names, and a suite. `pairs`,
/// "option=value", override the defaults of an environment, method, regime or probe that is built
/// to be looked at. Throws `UsageError` for a name that nothing has.
std::vector<Json> describe(const Catalog& catalog, const std::string& name,
                           const std::vector<std::string>& pairs);

/// The facts of an environment that only an instance knows, added to `out`: of the one that the
/// trial with seed 0 and base seed 0 has, and `export`. "unavailable" says why there are none
/// when the data of the default environment are missing; throws `DataError` for data that were
/// asked for.
void describe_environment(const Catalog& catalog, const std::string& name, const Value& options,
                          Json& out);

/// What probes can be told of the cues of an environment, a sentence each; none for regression.
std::vector<std::string> cue_notes(const Environment& environment);

/// One description for a terminal.
std::string description_text(const Json& description, int columns);

/// A ceiling or a known return with how it was computed; null when it is not known.
Json ceiling_of(const Ceiling& ceiling);
/// Adds what is known of an environment that answers to actions, under "acting"; nothing for
/// others.
void describe_acting(const Environment& environment, Json& out);
/// The same in words and a table of returns; empty where there is nothing.
std::string acting_text(const Json& description, int columns);

}  // namespace spurion::cli
