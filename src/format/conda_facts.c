#include "format/conda_facts.h"

#include "format/json.h"

/* Does part occur in s at from or later? */
static bool has_after(struct str s, size_t from, struct str part)
{
    for (; from + part.len <= s.len; from++)
        if (str_eq(str_sub(s, from, part.len), part))
            return true;
    return false;
}

/* Scripts lie in bin/ or Scripts/ as ".NAME-post-link.sh" or ".bat"; as conda-index does, any
 * hidden file of such a name counts, wherever it lies. */
static bool is_script(struct str path, struct str kind)
{
    for (size_t i = 0; i + 2 <= path.len; i++)
        if (str_eq(str_sub(path, i, 2), S("/.")))
            return has_after(path, i + 2, kind);
    return false;
}

void conda_facts_path(struct str path, struct conda_archive *facts)
{
    facts->activate_d |= str_starts(path, S("etc/conda/activate.d/"));
    facts->deactivate_d |= str_starts(path, S("etc/conda/deactivate.d/"));
    facts->pre_link |= is_script(path, S("-pre-link."));
    facts->post_link |= is_script(path, S("-post-link."));
    facts->pre_unlink |= is_script(path, S("-pre-unlink."));
}

/* The next line without its end, LF or CR LF. */
static bool next_line(struct str *rest, struct str *ret_line)
{
    if (!str_next(rest, '\n', ret_line))
        return false;
    if (str_ends(*ret_line, S("\r")))
        ret_line->len--;
    return true;
}

void conda_facts_files(struct str text, struct conda_archive *facts)
{
    struct str line;

    while (next_line(&text, &line))
        conda_facts_path(line, facts);
}

static void add_prefix(struct str mode, struct conda_archive *facts)
{
    facts->binary_prefix |= str_eq(mode, S("binary"));
    facts->text_prefix |= str_eq(mode, S("text"));
}

void conda_facts_has_prefix(struct str text, struct conda_archive *facts)
{
    struct str line, word;

    while (next_line(&text, &line)) {
        if (!line.len)
            continue;
        if (str_cut(&line, ' ', &word) && str_cut(&line, ' ', &word))
            add_prefix(word, facts);
        else
            add_prefix(S("text"), facts);
    }
}

bool conda_facts_paths_json(struct str text, struct conda_archive *facts)
{
    AUTO(json_decrefp) json_t *root = NULL;
    struct err ignored; /* see the header */
    const json_t *paths;

    if (json_parse_object(text, &root, &ignored))
        return false;
    paths = json_object_get(root, "paths");
    if (!json_is_array(paths))
        return false;
    for (size_t i = 0; i < json_array_size(paths); i++) {
        const json_t *entry = json_array_get(paths, i);

        conda_facts_path(json_get_str(entry, "_path"), facts);
        if (json_get_str(entry, "prefix_placeholder").len)
            add_prefix(json_get_str(entry, "file_mode"), facts);
    }
    return true;
}
