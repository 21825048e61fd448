#include "core/environment.h"

#include "core/access.h"
#include "core/limit.h"
#include "core/touched.h"
#include "format/conda_match.h"
#include "format/conda_name.h"
#include "format/json.h"
#include "format/pypi_match.h"
#include "format/pypi_name.h"
#include "store/account.h"
#include "store/file.h"
#include "store/offer.h"

/* What one question may cost: accounts that are looked up, requirements, and files of packages. */
#define ACCOUNTS_MAX 100
#define LOOKUPS_MAX  5000
#define FILES_MAX    300000
/* Versions of one package that are compared. */
#define SCRATCH_MAX ((size_t)8 << 20)

/* An account that a channel may be of; id 0: there is none. */
struct home {
    struct str login;
    int64_t id;
    struct view view;
};
struct channel {
    const struct home *home; /* NULL: another server's */
    struct str label;
};
struct resolving {
    struct tx *tx;
    struct arena *mem;
    const struct environment_question *q;
    struct home homes[ACCOUNTS_MAX];
    size_t home_count;
    struct channel *channels; /* of the environment, in order */
    size_t channel_count;
    bool others; /* some of them are not here */
    size_t lookups, files;
};

/* ---- channels ---- */

/* Behind "://": the authority is compared, whatever the scheme and a user before "@". */
static bool is_ours(struct str base_url, struct str *url)
{
    struct str base = base_url, host = *url, skipped, path = S("");
    const char *at = base.len ? memmem(base.ptr, base.len, "://", 3) : NULL;

    if (!at)
        return false;
    base = str_from(base, (size_t)(at - base.ptr) + 3);
    while (str_ends(base, S("/")))
        base.len--;
    if (str_cut(&host, '/', &skipped)) {
        path = host;
        host = skipped;
    }
    if (str_has(host, '@'))
        (void)str_cut_last(host, '@', &skipped, &host);
    *url = path;
    return str_eq_nocase(host, base);
}

/* "conda", "t/TOKEN": what stands before the owner, in either order. */
static void skip_mount(struct str *path)
{
    struct str part;

    for (int i = 0; i < 2; i++) {
        if (str_starts(*path, S("conda/")))
            *path = str_from(*path, 6);
        if (str_starts(*path, S("t/"))) {
            *path = str_from(*path, 2);
            if (!str_cut(path, '/', &part))
                *path = S("");
        }
    }
}

bool environment_channel(struct arena *mem, struct str base_url, struct str channel,
                         struct str *ret_account, struct str *ret_label)
{
    struct str path = channel, owner, head, tail;
    const char *at = channel.len ? memmem(channel.ptr, channel.len, "://", 3) : NULL;

    if (at) {
        path = str_from(channel, (size_t)(at - channel.ptr) + 3);
        if (!is_ours(base_url, &path))
            return false;
        skip_mount(&path);
    }
    while (str_ends(path, S("/")))
        path.len--;
    if (str_cut_last(path, '/', &head, &tail) && conda_known_subdir(tail))
        path = head;
    *ret_label = S("main");
    if (str_cut(&path, '/', &owner)) {
        if (!str_starts(path, S("label/")))
            return false;
        *ret_label = str_lower(mem, str_from(path, 6));
    } else {
        owner = path;
    }
    *ret_account = str_lower(mem, owner);
    return owner.len && ret_account->ptr && ret_label->ptr && !conda_check_label(*ret_label, NULL);
}

/* NULL, and no failure, when too many were asked for. */
static enum err_code find_home(struct resolving *r, struct str login, const struct home **ret,
                               struct err *err)
{
    struct account_row account;
    struct home *h;
    enum err_code rc;

    *ret = NULL;
    for (size_t i = 0; i < r->home_count; i++) {
        if (str_eq(r->homes[i].login, login)) {
            *ret = &r->homes[i];
            return OK;
        }
    }
    if (r->home_count == ACCOUNTS_MAX)
        return OK;
    h = &r->homes[r->home_count];
    *h = (struct home){.login = login};
    rc = account_by_login(r->tx, r->mem, login, &account, err);
    if (rc && rc != ERR_NOT_FOUND)
        return rc;
    if (!rc) {
        h->id = account.id;
        if ((rc = access_view(r->tx, r->mem, r->q->actor, &account, &h->view, err)))
            return rc;
    }
    r->home_count++;
    *ret = h;
    return OK;
}

static enum err_code find_channel(struct resolving *r, struct str text, struct channel *ret,
                                  struct err *err)
{
    struct str login, label;
    const struct home *home = NULL;
    enum err_code rc = OK;

    *ret = (struct channel){.label = S("main")};
    if (!environment_channel(r->mem, r->q->base_url, text, &login, &label))
        return OK;
    if ((rc = find_home(r, login, &home, err)))
        return rc;
    if (home && home->id)
        *ret = (struct channel){home, label};
    return OK;
}

/* ---- a package ---- */

/* May the asker see a file of this package in this channel? As in web/conda_get. */
static bool may_see(const struct resolving *r, const struct channel *c, enum access_level access,
                    int64_t package_id)
{
    if (!limit_allows_label(r->q->actor->limits, c->label))
        return access == ACCESS_PUBLIC;
    return view_shows(&c->home->view, access, package_id);
}

/* The newest of what fits so far. */
struct best {
    struct str package, version;
    const struct conda_version *parsed;
    enum access_level access;
    json_t *platforms; /* a list; NULL: nothing fits */
};

static void best_done(struct best *b)
{
    json_decref(b->platforms);
}

static bool fits_platform(struct str wanted, struct str subdir)
{
    if (!wanted.len || str_eq(subdir, S("noarch")) || str_eq(wanted, subdir))
        return true;
    if (str_eq(wanted, S("unix"))) /* mamba's selectors */
        return str_starts(subdir, S("linux-")) || str_starts(subdir, S("osx-"));
    return str_starts(subdir, wanted) && str_starts(str_from(subdir, wanted.len), S("-"));
}

static bool fits_build(const struct conda_spec *spec, struct str filename)
{
    struct conda_filename file;

    return !spec->build.len || (conda_filename_parse(filename, &file, NULL) == OK &&
                                conda_match_build(spec, file.build));
}

static void note_platform(struct best *b, struct str subdir)
{
    size_t n = json_array_size(b->platforms);

    if (!n || !str_eq(json_str(json_array_get(b->platforms, n - 1)), subdir)) /* they are sorted */
        json_add(&b->platforms, json_of(subdir));
}

/* One file that the asker may see. Rows of a version follow each other: *tried is the last one. */
static enum err_code weigh(struct arena *scratch, const struct conda_spec *spec, struct rows *rows,
                           enum access_level access, struct best *tried, bool *fits,
                           struct best *best, struct err *err)
{
    struct str version = rows_text(rows, OFFER_VERSION);

    if (!tried->version.ptr || !str_eq(tried->version, version)) {
        *tried = (struct best){.version = str_dup(scratch, version)};
        if (!tried->version.ptr)
            return fail(err, ERR_NOMEM, "out of memory");
        *fits = conda_version_parse(scratch, tried->version, &tried->parsed, NULL) == OK &&
                conda_match_version(scratch, spec, tried->parsed);
        *fits = *fits && (!best->parsed || conda_version_cmp(tried->parsed, best->parsed) >= 0);
    }
    if (!*fits || !fits_build(spec, rows_text(rows, OFFER_FILENAME)))
        return OK;
    if (best->parsed != tried->parsed) {
        json_decref(best->platforms);
        *best = (struct best){.package = str_dup(scratch, rows_text(rows, OFFER_PACKAGE)),
                              .version = tried->version,
                              .parsed = tried->parsed,
                              .access = access,
                              .platforms = json_array()};
    }
    note_platform(best, rows_text(rows, OFFER_SUBDIR));
    return best->platforms && best->package.ptr ? OK : fail(err, ERR_NOMEM, "out of memory");
}

static enum err_code find_best(struct resolving *r, struct arena *scratch, const struct channel *c,
                               const struct conda_spec *spec, struct str platform, struct best *ret,
                               struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    struct best tried = {0};
    bool fits = false;
    enum err_code rc =
        offer_query(r->tx, c->home->id, c->label, S("conda"), spec->name, &rows, err);

    while (!rc && rows_next(rows)) {
        enum access_level access;

        if (r->files++ >= FILES_MAX)
            return OK;
        if (!access_level_parse(rows_text(rows, OFFER_ACCESS), &access) ||
            !may_see(r, c, access, rows_int(rows, OFFER_PACKAGE_ID)) ||
            !fits_platform(platform, rows_text(rows, OFFER_SUBDIR)))
            continue;
        rc = weigh(scratch, spec, rows, access, &tried, &fits, ret, err);
    }
    return rc ? rc : rows_error(rows, err);
}

static json_t *state(const char *name)
{
    return json_pack("{s:s}", "state", name);
}

/* Of what the asker sees: do all see it who see the environment? */
static const char *found_state(const struct resolving *r, enum access_level access)
{
    return access > r->q->access ? "hidden" : "present";
}

static json_t *present(const struct resolving *r, struct str owner, const struct best *b)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:O}", "state", found_state(r, b->access), "owner",
                     json_of(owner), "package", json_of(b->package), "version", json_of(b->version),
                     "platforms", b->platforms);
}

/* ---- requirements ---- */

/* In the order of the channels: the first that has it is the one that clients take it from. Who
 * does not see that may be served by a later one. */
static enum err_code resolve_spec(struct resolving *r, const json_t *entry,
                                  const struct channel *channels, size_t count, bool others,
                                  json_t **ret, struct err *err)
{
    AUTO(arena_closep) struct arena *scratch = arena_open(SCRATCH_MAX);
    struct conda_spec spec;
    struct str text = json_get_str(entry, "spec"), platform = json_get_str(entry, "platform");

    if (!scratch)
        return fail(err, ERR_NOMEM, "out of memory");
    if (conda_spec_parse(scratch, text, &spec, NULL)) {
        *ret = state("elsewhere");
        return OK;
    }
    for (size_t i = 0; i < count; i++) {
        AUTO(best_done) struct best best = {0};
        enum err_code rc;

        if (!channels[i].home)
            continue;
        if ((rc = find_best(r, scratch, &channels[i], &spec, platform, &best, err)))
            return rc;
        if (!best.platforms)
            continue;
        if (!*ret)
            *ret = present(r, channels[i].home->login, &best);
        if (best.access > r->q->access)
            continue;
        json_put(ret, S("state"), json_of(S("present")));
        return OK;
    }
    if (*ret)
        return OK;
    *ret = state(r->files > FILES_MAX ? "unknown" : others ? "elsewhere" : "absent");
    return OK;
}

/* "linux-64/x-1-0.conda" of ".../linux-64/x-1-0.conda". */
static struct str name_in_channel(struct str url)
{
    struct str head, name, place, subdir;

    if (!str_cut_last(url, '/', &head, &name) || !str_cut_last(head, '/', &place, &subdir))
        return (struct str){NULL, 0};
    return str_from(url, (size_t)(subdir.ptr - url.ptr));
}

static bool differs(const struct file_row *file, struct str md5, struct str sha256)
{
    if (sha256.len)
        return !str_eq(sha256, file->sha256);
    return md5.len && !str_eq(md5, file->md5);
}

static enum err_code resolve_locked(struct resolving *r, const json_t *entry,
                                    const struct channel *c, json_t **ret, struct err *err)
{
    const struct file_name name = {c->home ? c->home->id : 0, S("conda"),
                                   name_in_channel(json_get_str(entry, "spec"))};
    struct file_row file;
    struct str subdir = name.key, filename;
    enum err_code rc = ERR_NOT_FOUND;

    *ret = state(c->home ? "absent" : "elsewhere");
    if (!*ret || !c->home || !name.key.ptr)
        return OK;
    rc = file_in_channel(r->tx, r->mem, &name, c->label, &file, err);
    if (rc == ERR_NOT_FOUND || (!rc && !may_see(r, c, file.access, file.package_id)))
        return OK;
    if (rc)
        return rc;
    json_decref(*ret);
    filename = name.key;
    (void)str_cut(&filename, '/', &subdir); /* the key has one */
    *ret =
        json_pack("{s:s, s:o, s:o, s:o, s:[o]}", "state", found_state(r, file.access), "owner",
                  json_of(c->home->login), "package", json_of(json_get_str(entry, "name")),
                  "version", json_of(json_get_str(entry, "version")), "platforms", json_of(subdir));
    if (*ret && differs(&file, json_get_str(entry, "md5"), json_get_str(entry, "sha256")))
        json_put(ret, S("differs"), json_true());
    return OK;
}

/* The newest version in a channel that fits; ret untouched when none does. */
static enum err_code find_project(struct resolving *r, struct arena *scratch,
                                  const struct channel *c, const struct pypi_requirement *wanted,
                                  struct best *ret, struct err *err)
{
    AUTO(rows_endp) struct rows *rows = NULL;
    struct str project = pypi_normalise_name(scratch, wanted->name);
    const struct pypi_version *newest = NULL, *version;
    struct best best = {0};
    enum err_code rc = project.ptr
                           ? offer_query_project(r->tx, c->home->id, c->label, project, &rows, err)
                           : fail(err, ERR_NOMEM, "out of memory");

    while (!rc && rows_next(rows)) {
        struct str text = rows_text(rows, OFFER_VERSION);
        enum access_level access;

        if (r->files++ >= FILES_MAX)
            break;
        if ((best.version.ptr && str_eq(best.version, text)) ||
            !access_level_parse(rows_text(rows, OFFER_ACCESS), &access) ||
            !may_see(r, c, access, rows_int(rows, OFFER_PACKAGE_ID)) ||
            !pypi_match(scratch, &wanted->specifiers, text) ||
            pypi_version_parse(scratch, text, &version, NULL) ||
            (newest && pypi_version_cmp(version, newest) < 0))
            continue;
        newest = version;
        best.access = access;
        best.version = str_dup(r->mem, text);
        best.package = str_dup(r->mem, rows_text(rows, OFFER_PACKAGE));
        if (!best.version.ptr || !best.package.ptr)
            rc = fail(err, ERR_NOMEM, "out of memory");
    }
    if (rc || (rc = rows_error(rows, err)))
        return rc;
    if (best.version.ptr)
        *ret = best;
    return OK;
}

/* The text without comments and pip's options, such as hashes. ERR_INVALID: none that names a
 * project of an index. */
static enum err_code read_requirement(struct arena *mem, struct str text,
                                      struct pypi_requirement *ret)
{
    const char *option = text.len ? memmem(text.ptr, text.len, " --", 3) : NULL;
    enum err_code rc;

    if (option)
        text.len = (size_t)(option - text.ptr);
    rc = pypi_requirement_parse(mem, str_trim(text), ret, NULL);
    return !rc && ret->url.len ? ERR_INVALID : rc;
}

/* Among the packages of the file's owner, and of the accounts of its channels. What pip is told to
 * use is not in the file, so that what is not there is elsewhere. */
static enum err_code resolve_pip(struct resolving *r, const json_t *entry, json_t **ret,
                                 struct err *err)
{
    AUTO(arena_closep) struct arena *scratch = arena_open(SCRATCH_MAX);
    struct str name = json_get_str(entry, "name"), text = json_get_str(entry, "spec");
    struct str version = json_get_str(entry, "version");
    struct pypi_requirement wanted = {0};
    const struct home *home = NULL;
    struct best best = {0};
    enum err_code rc =
        scratch ? find_home(r, r->q->owner, &home, err) : fail(err, ERR_NOMEM, "out of memory");

    if (rc)
        return rc;
    *ret = state("elsewhere");
    if (json_is_true(json_object_get(entry, "locked"))) /* its text is an address */
        text = str_fmt(scratch, STR_FMT "==" STR_FMT, STR_ARG(name), STR_ARG(version));
    if (!*ret || !name.len || !text.ptr || read_requirement(scratch, text, &wanted))
        return OK;
    for (size_t i = 0; !rc && !best.version.ptr && i <= r->channel_count; i++) {
        const struct channel c =
            i ? r->channels[i - 1] : (struct channel){home && home->id ? home : NULL, S("main")};

        if (!c.home || (rc = find_project(r, scratch, &c, &wanted, &best, err)) ||
            !best.version.ptr)
            continue;
        json_decref(*ret);
        *ret = json_pack("{s:s, s:o, s:o, s:o}", "state", found_state(r, best.access), "owner",
                         json_of(c.home->login), "package", json_of(best.package), "version",
                         json_of(best.version));
    }
    return rc;
}

static enum err_code resolve_entry(struct resolving *r, const json_t *entry, json_t **ret,
                                   struct err *err)
{
    struct str channel = json_get_str(entry, "channel");
    struct channel only;
    enum err_code rc;

    if (r->lookups++ >= LOOKUPS_MAX) {
        *ret = state("unknown");
        return OK;
    }
    if (str_eq(json_get_str(entry, "manager"), S("pip")))
        return resolve_pip(r, entry, ret, err);
    if (json_is_true(json_object_get(entry, "locked")) || channel.len) {
        if ((rc = find_channel(r, channel, &only, err)))
            return rc;
        if (json_is_true(json_object_get(entry, "locked")))
            return resolve_locked(r, entry, &only, ret, err);
        return resolve_spec(r, entry, &only, 1, !only.home, ret, err);
    }
    return resolve_spec(r, entry, r->channels, r->channel_count, r->others, ret, err);
}

/* ---- the environment ---- */

static json_t *channel_json(struct str text, const struct channel *c)
{
    if (!c->home)
        return json_pack("{s:o}", "channel", json_of(text));
    return json_pack("{s:o, s:o, s:o}", "channel", json_of(text), "account",
                     json_of(c->home->login), "label", json_of(c->label));
}

/* Without any, clients take what they are set to take. */
static enum err_code resolve_channels(struct resolving *r, json_t *environment, struct err *err)
{
    const json_t *list = json_object_get(environment, "channels");
    size_t count = json_array_size(list);
    json_t *told = json_array();
    enum err_code rc = OK;

    r->channels = arena_array(r->mem, struct channel, count ? count : 1);
    if (!r->channels)
        rc = fail(err, ERR_NOMEM, "out of memory");
    r->others = count == 0;
    for (size_t i = 0; !rc && i < count; i++) {
        struct str text = json_str(json_array_get(list, i));
        struct channel c = {0};

        if (!text.ptr || (rc = find_channel(r, text, &c, err)))
            continue;
        json_add(&told, channel_json(text, &c));
        if (str_eq(text, S("nodefaults"))) /* says that there are no others */
            continue;
        r->channels[r->channel_count++] = c;
        r->others = r->others || !c.home;
    }
    if (!rc && (!told || json_object_set(environment, "channels", told)))
        rc = fail(err, ERR_NOMEM, "out of memory");
    json_decref(told);
    return rc;
}

enum err_code environment_resolve(struct app *app, struct arena *mem,
                                  const struct environment_question *question, json_t *environment,
                                  struct err *err)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    const json_t *entries = json_object_get(environment, "entries");
    struct resolving *r = arena_new(mem, struct resolving);
    enum err_code rc;

    if (!r)
        return fail(err, ERR_NOMEM, "out of memory");
    if ((rc = tx_begin(app->db, TX_READ, &tx, err)))
        return rc;
    *r = (struct resolving){.tx = tx, .mem = mem, .q = question};
    rc = resolve_channels(r, environment, err);
    for (size_t i = 0; !rc && i < json_array_size(entries); i++) {
        json_t *entry = json_array_get(entries, i), *here = NULL;

        if (!json_is_object(entry))
            continue;
        rc = resolve_entry(r, entry, &here, err);
        if (!rc && json_object_set_new(entry, "here", here)) /* also when here is NULL */
            return fail(err, ERR_NOMEM, "out of memory");
        if (rc)
            json_decref(here);
    }
    return rc;
}
