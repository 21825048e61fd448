/* banned.h: functions with no safe use in this program. Using one is a compile error. */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Macros of headers that check lengths, for compilers that cannot do it in a function. */
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat strncpy strncat strtok sprintf vsprintf gets
#pragma GCC poison atoi atol atoll strtol strtoul strtod sscanf
#pragma GCC poison localtime gmtime ctime asctime mktemp tmpnam srand srandom

/* Headers of libraries use these two as names of parameters: only calls are refused. */
#define rand()   rand_is_banned_use_base_rand_h
#define random() random_is_banned_use_base_rand_h

#endif
