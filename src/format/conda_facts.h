/* conda_facts.h: what a package's list of files says about it, for channeldata.json (CEP 38).
 *
 * Facts are shown to people and decide nothing, so a list that cannot be read gives none instead
 * of an error. Each function only ever adds facts. */
#ifndef FORMAT_CONDA_FACTS_H
#define FORMAT_CONDA_FACTS_H
#include "base/str.h"
#include "format/conda_archive.h"

/* One installed path: scripts that run at activation, linking and unlinking. */
void conda_facts_path(struct str path, struct conda_archive *facts);
/* info/files: one path in each line. */
void conda_facts_files(struct str text, struct conda_archive *facts);
/* info/has_prefix: "placeholder mode path" in each line, or only "path" (then the mode is text). */
void conda_facts_has_prefix(struct str text, struct conda_archive *facts);
/* info/paths.json, which replaced both. False, and no facts, when it is not of that form. */
bool conda_facts_paths_json(struct str text, struct conda_archive *facts) MUST_USE;

#endif
