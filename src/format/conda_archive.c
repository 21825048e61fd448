/* conda_archive.c: the two package formats, both down to one tar archive with info/ in it. */
#include "format/conda_archive.h"

#include "base/limits.h"
#include "format/conda_facts.h"
#include "format/json.h"
#include "format/tar.h"
#include "format/unpack.h"
#include "format/unpack_file.h"
#include "format/zip.h"
#include "format/zip_content.h"

/* paths.json and its predecessors, of which only facts are kept. The largest real ones list some
 * 100,000 files in 25 MB; parsed they take about eight times as much. */
#define LIST_MAX     (LIMIT_INFO_TOTAL / 2)
#define ICON_MAX     (256 * KIB)
#define METADATA_MAX (4 * KIB)
#define COMPONENTS   3

#define OUR_FORMAT_VERSION 2

/* The members of info/ that are read. */
enum info_file {
    INFO_INDEX,
    INFO_ABOUT,
    INFO_RUN_EXPORTS,
    INFO_META_YAML,
    INFO_RENDERED_RECIPE,
    INFO_ICON,
    INFO_PATHS,
    INFO_FILES,
    INFO_HAS_PREFIX,
    INFO_COUNT
};

static const struct info_rule {
    const char *path;
    size_t max;
    bool optional; /* left out when larger than max, because the package is sound without it */
} info_rules[INFO_COUNT] = {
    [INFO_INDEX] = {"info/index.json", LIMIT_INFO_MEMBER, false},
    [INFO_ABOUT] = {"info/about.json", LIMIT_INFO_MEMBER, false},
    [INFO_RUN_EXPORTS] = {"info/run_exports.json", LIMIT_INFO_MEMBER, false},
    [INFO_META_YAML] = {"info/recipe/meta.yaml", LIMIT_INFO_MEMBER, true},
    [INFO_RENDERED_RECIPE] = {"info/recipe/rendered_recipe.yaml", LIMIT_INFO_MEMBER, true},
    [INFO_ICON] = {"info/icon.png", ICON_MAX, true},
    [INFO_PATHS] = {"info/paths.json", LIST_MAX, true},
    [INFO_FILES] = {"info/files", LIST_MAX, true},
    [INFO_HAS_PREFIX] = {"info/has_prefix", LIST_MAX, true},
};

/* What was found so far. */
struct found {
    struct buf text[INFO_COUNT];
    bool seen[INFO_COUNT];
    struct conda_archive facts; /* from the names of members; only its flags are used */
};

static void found_init(struct found *f)
{
    *f = (struct found){0};
    for (size_t i = 0; i < INFO_COUNT; i++)
        f->text[i] = BUF_INIT(info_rules[i].max);
}

static void found_done(struct found *f)
{
    for (size_t i = 0; i < INFO_COUNT; i++)
        buf_done(&f->text[i]);
}

/* ---- The tar archive ------------------------------------------------------------------------- */

static bool starts_nocase(struct str s, struct str prefix)
{
    return str_eq_nocase(str_sub(s, 0, prefix.len), prefix);
}

/* "info" and everything under it, however it is spelled: some clients' disks ignore case. */
static bool is_info(struct str path)
{
    return str_eq_nocase(path, S("info")) || starts_nocase(path, S("info/"));
}

/* Links and odd spellings under info/ could make a client read another file than we do. */
static enum err_code check_info_member(const struct tar_member *m, struct err *err)
{
    if (m->type != TAR_FILE && m->type != TAR_FOLDER)
        return fail(err, ERR_INVALID, "member \"" STR_FMT "\" is a link", STR_ARG(m->path));
    if (m->type == TAR_FILE && str_eq_nocase(m->path, S("info")))
        return fail(err, ERR_INVALID, "member \"info\" is not a folder");
    if (str_has(m->path, '\\'))
        return fail(err, ERR_INVALID, "member name \"" STR_FMT "\" has a backslash",
                    STR_ARG(m->path));
    return OK;
}

static enum err_code keep(struct tar *t, const struct tar_member *m, enum info_file which,
                          struct found *f, struct err *err)
{
    const struct info_rule *rule = &info_rules[which];

    if (!str_eq(m->path, str_of(rule->path)))
        return fail(err, ERR_INVALID, "member \"" STR_FMT "\" should be spelled \"%s\"",
                    STR_ARG(m->path), rule->path);
    if (m->type != TAR_FILE)
        return fail(err, ERR_INVALID, "member \"%s\" is not a file", rule->path);
    if (f->seen[which])
        return fail(err, ERR_INVALID, "two members are named \"%s\"", rule->path);
    f->seen[which] = true;
    if (rule->optional && m->size > rule->max)
        return OK;
    return tar_content(t, &f->text[which], err);
}

static enum err_code take_member(struct tar *t, const struct tar_member *m, struct found *f,
                                 struct err *err)
{
    enum err_code rc;

    if (!is_info(m->path)) {
        conda_facts_path(m->path, &f->facts);
        return OK;
    }
    rc = check_info_member(m, err);
    if (rc)
        return rc;
    for (size_t i = 0; i < INFO_COUNT; i++)
        if (str_eq_nocase(m->path, str_of(info_rules[i].path)))
            return keep(t, m, (enum info_file)i, f, err);
    return OK;
}

static enum err_code scan(struct unpack *from, struct found *f, struct err *err)
{
    AUTO(tar_closep) struct tar *t = NULL;
    struct tar_member m = {0};
    bool more = true;
    enum err_code rc = tar_open(from, &t, err);

    while (!rc && more) {
        rc = tar_next(t, &m, &more, err);
        if (!rc && more)
            rc = take_member(t, &m, f, err);
    }
    return rc;
}

/* ---- The result ------------------------------------------------------------------------------ */

static bool is_png(struct str s)
{
    return str_starts(s, S("\x89PNG\r\n\x1a\n"));
}

static void set_facts(struct found *f, struct conda_archive *ret)
{
    if (conda_facts_paths_json(buf_str(&f->text[INFO_PATHS]), ret))
        return;
    conda_facts_files(buf_str(&f->text[INFO_FILES]), &f->facts);
    conda_facts_has_prefix(buf_str(&f->text[INFO_HAS_PREFIX]), &f->facts);
    *ret = f->facts;
}

/* Copies the kept texts, index_json first, out of the buffers that are about to go. */
static enum err_code set_texts(struct arena *mem, struct found *f, struct conda_archive *ret,
                               struct err *err)
{
    bool meta_yaml = f->text[INFO_META_YAML].len > 0;
    const struct {
        enum info_file from;
        struct str *to;
    } texts[] = {
        {INFO_INDEX, &ret->index_json},
        {INFO_ABOUT, &ret->about_json},
        {INFO_RUN_EXPORTS, &ret->run_exports_json},
        {meta_yaml ? INFO_META_YAML : INFO_RENDERED_RECIPE, &ret->recipe},
        {INFO_ICON, &ret->icon_png},
    };

    if (!is_png(buf_str(&f->text[INFO_ICON])))
        buf_clear(&f->text[INFO_ICON]);
    for (size_t i = 0; i < COUNT(texts); i++) {
        *texts[i].to = str_dup(mem, buf_str(&f->text[texts[i].from]));
        if (!texts[i].to->ptr)
            return fail(err, ERR_NOMEM, "out of memory");
    }
    return OK;
}

static enum err_code conclude(struct arena *mem, struct found *f, struct conda_archive *ret,
                              struct err *err)
{
    struct conda_archive out = {0};
    enum err_code rc;

    if (!f->seen[INFO_INDEX])
        return fail(err, ERR_INVALID, "the package has no info/index.json");
    if (!f->text[INFO_INDEX].len)
        return fail(err, ERR_INVALID, "info/index.json is empty");
    set_facts(f, &out);
    rc = set_texts(mem, f, &out, err);
    if (!rc)
        *ret = out;
    return rc;
}

/* ---- .tar.bz2 -------------------------------------------------------------------------------- */

/* info/ is not promised to come first, nor a second info/index.json to be far: the whole stream
 * is looked at. */
static enum err_code read_tar_bz2(int fd, uint64_t size, struct found *f, struct err *err)
{
    AUTO(unpack_file_closep) struct unpack_file *bytes = NULL;
    AUTO(unpack_closep) struct unpack *u = NULL;
    struct unpack_source from;
    enum err_code rc = unpack_file_open(fd, size, &bytes, err);

    if (rc)
        return rc;
    from = unpack_file_source(bytes);
    rc = unpack_open(UNPACK_BZIP2, &from, unpack_ceiling(size), &u, err);
    return rc ? rc : scan(u, f, err);
}

/* ---- .conda ---------------------------------------------------------------------------------- */

/* The three components of a .conda file (CEP 35). */
struct components {
    const struct zip_member *metadata, *info, *pkg;
};

static enum err_code component(struct arena *mem, const struct zip *z, const char *kind,
                               const struct conda_filename *file, const struct zip_member **ret,
                               struct err *err)
{
    struct str name = str_fmt(mem, "%s-%.*s.tar.zst", kind, (int)file->stem.len, file->stem.ptr);

    if (!name.ptr)
        return fail(err, ERR_NOMEM, "out of memory");
    *ret = zip_find(z, name);
    if (!*ret)
        return fail(err, ERR_INVALID, "the package has no component \"" STR_FMT "\"",
                    STR_ARG(name));
    return OK;
}

static enum err_code find_components(struct arena *mem, const struct zip *z,
                                     const struct conda_filename *file, struct components *ret,
                                     struct err *err)
{
    enum err_code rc = component(mem, z, "info", file, &ret->info, err);

    if (!rc)
        rc = component(mem, z, "pkg", file, &ret->pkg, err);
    if (rc)
        return rc;
    ret->metadata = zip_find(z, S("metadata.json"));
    if (!ret->metadata)
        return fail(err, ERR_INVALID, "the package has no component \"metadata.json\"");
    if (z->count != COMPONENTS)
        return fail(err, ERR_INVALID, "the package has %zu components instead of %d", z->count,
                    COMPONENTS);
    for (size_t i = 0; i < z->count; i++)
        if (z->members[i].method != ZIP_STORED)
            return fail(err, ERR_INVALID, "component \"" STR_FMT "\" is not stored uncompressed",
                        STR_ARG(z->members[i].name));
    return OK;
}

/* The first writers of the format left the file empty; clients do not look at it. */
static enum err_code check_metadata(const struct zip_source *zip, const struct zip_member *m,
                                    struct err *err)
{
    AUTO(json_decrefp) json_t *root = NULL;
    AUTO(buf_done) struct buf text = BUF_INIT(METADATA_MAX);
    const json_t *version;
    enum err_code rc;

    if (m->size == 0)
        return OK;
    rc = zip_content(zip, m, &text, err);
    if (!rc)
        rc = json_parse_object(buf_str(&text), &root, err);
    if (rc)
        return rc;
    version = json_object_get(root, "conda_pkg_format_version");
    if (!json_is_integer(version) || json_integer_value(version) != OUR_FORMAT_VERSION)
        return fail(err, ERR_INVALID, "metadata.json: conda_pkg_format_version is not %d",
                    OUR_FORMAT_VERSION);
    return OK;
}

/* Nothing of the installed files is unpacked here, but what stands in their place must be zstd:
 * a frame, or the skippable frame that parallel compressors begin with. */
static enum err_code check_pkg(const struct zip_source *zip, const struct zip_member *m,
                               struct err *err)
{
    char magic[4] = {0};
    enum err_code rc = OK;

    if (m->size >= sizeof(magic))
        rc = zip->read(zip->ctx, m->data_offset, magic, sizeof(magic), err);
    if (rc)
        return rc;
    if (memcmp(magic, "\x28\xb5\x2f\xfd", 4) == 0 ||
        ((magic[0] & 0xf0) == 0x50 && memcmp(magic + 1, "\x2a\x4d\x18", 3) == 0))
        return OK;
    return fail(err, ERR_INVALID, "component \"" STR_FMT "\" is not zstd data", STR_ARG(m->name));
}

static enum err_code scan_info(const struct zip_source *zip, const struct zip_member *m,
                               struct found *f, struct err *err)
{
    AUTO(unpack_closep) struct unpack *u = NULL;
    AUTO(buf_done) struct buf packed = BUF_INIT(LIMIT_INFO_TOTAL);
    struct unpack_source from;
    struct str bytes;
    enum err_code rc = zip_content(zip, m, &packed, err);

    if (rc)
        return rc;
    bytes = buf_str(&packed);
    from = unpack_source_mem(&bytes);
    rc = unpack_open(UNPACK_ZSTD, &from, LIMIT_INFO_TOTAL, &u, err);
    return rc ? rc : scan(u, f, err);
}

static enum err_code read_conda(struct arena *mem, const struct zip_source *zip,
                                const struct conda_filename *file, struct found *f, struct err *err)
{
    struct zip z;
    struct components c = {0};
    enum err_code rc = zip_read(mem, zip, /* max_members= */ 16, /* allow= */ 0, &z, err);

    if (!rc)
        rc = find_components(mem, &z, file, &c, err);
    if (!rc)
        rc = check_metadata(zip, c.metadata, err);
    if (!rc)
        rc = check_pkg(zip, c.pkg, err);
    return rc ? rc : scan_info(zip, c.info, f, err);
}

/* ---------------------------------------------------------------------------------------------- */

enum err_code conda_archive_read(struct arena *mem, int fd, uint64_t size,
                                 const struct conda_filename *file, struct conda_archive *ret,
                                 struct err *err)
{
    AUTO(found_done) struct found f;
    enum err_code rc;

    found_init(&f);
    if (size > INT64_MAX)
        return fail(err, ERR_TOO_BIG, "no file is that large");
    if (file->format == CONDA_V2) {
        struct zip_source zip = zip_source_fd(&fd, size);

        rc = read_conda(mem, &zip, file, &f, err);
    } else {
        rc = read_tar_bz2(fd, size, &f, err);
    }
    return rc ? rc : conclude(mem, &f, ret, err);
}
