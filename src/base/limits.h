/* limits.h: every ceiling on what an outsider can make us hold, each with its reason.
 * What an operator may want to change is a setting instead (config.c). */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

/* Memory of one request: path, parsed JSON body, rows, and the answer's pieces. What `show` prints
 * of a package with 10,000 files takes 25 MB. */
#define LIMIT_REQUEST_MEMORY (64 * MIB)
/* JSON bodies of the API. The largest real one is a conda stage call with a README: 200 KB. */
#define LIMIT_JSON_BODY (2 * MIB)
/* Nesting of any JSON we parse. Real index.json files reach 4, notebooks 12. */
#define LIMIT_JSON_DEPTH 64
/* Path of a URL, undecoded: CEP 26 allows 128 (channel) + 128 (label) + 32 + 211, tripled by
 * escapes. */
#define LIMIT_PATH 4096
/* Segments of a URL path. */
#define LIMIT_PATH_SEGMENTS 32
/* All request headers together; libmicrohttpd's pool per connection is twice this. */
#define LIMIT_HEADERS (16 * KIB)
/* A multipart part's headers, and a form field that is not the file. */
#define LIMIT_PART_HEADERS (8 * KIB)
#define LIMIT_FORM_FIELD   (64 * KIB)
#define LIMIT_FORM_FIELDS  64

/* Names: CEP 26. */
#define LIMIT_CONDA_NAME     64
#define LIMIT_CONDA_VERSION  64
#define LIMIT_CONDA_BUILD    64
#define LIMIT_CONDA_FILENAME 211
#define LIMIT_CONDA_SUBDIR   32
#define LIMIT_CONDA_LABEL    128
#define LIMIT_LOGIN          64
/* The last part of the name of any file. */
#define LIMIT_FILENAME 255
/* Names and versions of packages of all kinds. */
#define LIMIT_PACKAGE 128
#define LIMIT_VERSION 128
/* depends or constrains of one record. The longest list on conda-forge has 380 entries. */
#define LIMIT_CONDA_DEPENDS 2000
/* One MatchSpec. The longest on conda-forge is 190 bytes. */
#define LIMIT_CONDA_SPEC 1024

/* Names of Python projects and their versions: the longest that are in use have some 100 and 60.
 * A file's name leaves room for ".metadata" and ".provenance" in the 255 bytes of a file system. */
#define LIMIT_PYPI_NAME     128
#define LIMIT_PYPI_VERSION  128
#define LIMIT_PYPI_FILENAME 240
/* Lines "Name: value" of one METADATA file: a project with many optional features lists some 3,000
 * requirements. */
#define LIMIT_PYPI_HEADERS 10000
/* Names of R. The longest on CRAN is 29 bytes, on Bioconductor 50. A file name must fit on disks.
 */
#define LIMIT_CRAN_NAME     128
#define LIMIT_CRAN_VERSION  64
#define LIMIT_CRAN_FILENAME 255
/* "bin/macosx/big-sur-arm64/contrib/4.2" has 36 bytes. */
#define LIMIT_CRAN_TREE 96
/* Fields of one DESCRIPTION. CRAN's largest has 60. */
#define LIMIT_CRAN_FIELDS 500

/* What is read out of a package. conda-forge's largest index.json is 30 KB, about.json 400 KB. */
#define LIMIT_INFO_MEMBER (4 * MIB)  /* one info/ file that is kept */
#define LIMIT_INFO_TOTAL  (64 * MIB) /* the decompressed info component */
#define LIMIT_TAR_ENTRIES 1000000    /* entries of one archive */
#define LIMIT_ZIP_MEMBERS 200000     /* the same of a wheel: each is held; large ones have 30,000 */
/* Members of a ZIP file, which are all held in memory: 100 bytes and its name for each. */
#define LIMIT_ZIP_ENTRIES 100000
/* Decompressed bytes of a .tar.bz2 or .tar.gz: this factor of its size, plus LIMIT_INFO_TOTAL. Real
 * packages stay under 40; bzip2 bombs reach 1,000,000, those of gzip 1,000. */
#define LIMIT_UNPACK_RATIO 200
/* Windows of zstd streams: 2^27 is libzstd's own default and the conda clients' ceiling. */
#define LIMIT_ZSTD_WINDOW_LOG 27

/* Notebooks. Those of real life with many plots reach 50 MB; what a value costs in memory is
 * bounded by their number. */
#define LIMIT_NOTEBOOK         (64 * MIB)
#define LIMIT_NOTEBOOK_VALUES  2000000 /* JSON values: 25,000 points of a plot make 100,000 */
#define LIMIT_NOTEBOOK_CELLS   50000
#define LIMIT_NOTEBOOK_OUTPUTS 200000
/* What is shown of a notebook: all of it, and one text or picture of it. */
#define LIMIT_NOTEBOOK_VIEW      (16 * MIB)
#define LIMIT_NOTEBOOK_TEXT      MIB
#define LIMIT_NOTEBOOK_PICTURE   (4 * MIB)
#define LIMIT_NOTEBOOK_THUMBNAIL (512 * KIB)
/* Pixels of a picture that browsers are asked to decode: 64 million take 256 MB there. */
#define LIMIT_IMAGE_PIXELS 64000000
/* YAML: values after every alias is followed, and their nesting. A lock file of four platforms and
 * 300 packages has 50,000 values at depth 5. */
#define LIMIT_YAML_VALUES 1000000
#define LIMIT_YAML_DEPTH  32
/* An environment or lock file. The largest public ones are 5 MB. */
#define LIMIT_ENVFILE         (16 * MIB)
#define LIMIT_ENVFILE_ENTRIES 100000

/* One generated index document held in memory while it is made. */
#define LIMIT_INDEX_DOCUMENT ((size_t)2 * GIB)
/* Documents and packages up to this size are kept in memory by the read cache (which is bounded as
 * a whole); larger ones are sent from their files. */
#define LIMIT_CACHED_BODY (128 * KIB)

#endif
