/* SPDX-License-Identifier: Apache-2.0
 * The state directory of `up`: folders, keys, Redis' settings, endpoints and tokens. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/log.h"
#include "common/seal.h"
#include "deploy/referralctl/up.h"

void
up_make_dir(const char *path)
{
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		log_die("cannot make the folder %s: %s", path, strerror(errno));
}

const char *
up_own_folder(void)
{
	static char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
	char *slash;

	if (length < 0)
		log_die("cannot tell where referralctl lies");
	path[length] = '\0';
	slash = strrchr(path, '/');
	if (slash != NULL)
		*slash = '\0';
	return path;
}

/* One `up` per state directory; the lock goes with the process. */
void
up_enter_dir(struct up *up, const char *dir)
{
	up_make_dir(dir);
	if (chdir(dir) != 0 || getcwd(up->dir, sizeof up->dir) == NULL)
		log_die("cannot enter the folder %s: %s", dir, strerror(errno));
	if (strlen(up->dir) + strlen("/run/matcher.1.work.sock") > 100)
		log_die(
		    "the path of the state directory is too long for a unix socket: %s",
		    up->dir);
	up_make_dir("run");
	up_make_dir("keys");
	up->lock_fd = open("run/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (up->lock_fd < 0 || flock(up->lock_fd, LOCK_EX | LOCK_NB) != 0)
		log_die("another `referralctl up` runs in %s", up->dir);
	(void)unlink("endpoints.json"); /* of an `up` that was killed */
}

void
up_make_keys(void)
{
	static const char *const NAMES[] = { "identity", "routing", "index", "notify" };
	char path[64], why[256];

	for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
		(void)snprintf(path, sizeof path, "keys/%s.key", NAMES[i]);
		if (!status_is_success(seal_create(path, why, sizeof why)))
			log_die("%s", why);
	}
}

/* Hashes stay compact (listpack) up to the size of a case with several needs.  The services time
 * their calls themselves.
 *
 * A start reads the append-only file: commands at 18 to 24 MB a second, what a rewrite left at 70.
 * 32 MB are under 2 s.  The file grows larger, to twice as much, where a rewrite leaves more than
 * 16 MB, some 12,000 cases, or where the start before read more than that. */
void
up_write_redis_common(FILE *out)
{
	fputs("logfile redis.log\ndaemonize no\nsave \"\"\nappendonly yes\n"
	      "aof-load-truncated yes\nno-appendfsync-on-rewrite no\n"
	      "auto-aof-rewrite-min-size 32mb\nmaxmemory-policy noeviction\n"
	      "hash-max-listpack-entries 512\nhash-max-listpack-value 4096\n"
	      "latency-tracking no\n",
	    out);
}

void
up_write_redis_config(const struct up *up)
{
	FILE *out = fopen("redis.conf", "w");

	if (out == NULL)
		log_die("cannot write redis.conf: %s", strerror(errno));
	fputs("# Written by referralctl up at every start.\n"
	      "port 0\nunixsocket redis.sock\nunixsocketperm 700\ndir .\n",
	    out);
	up_write_redis_common(out);
	fprintf(out, "appendfsync %s\n", up->appendfsync);
	if (up->maxmemory != NULL)
		fprintf(out, "maxmemory %s\n", up->maxmemory);
	if (fclose(out) != 0)
		log_die("cannot write redis.conf: %s", strerror(errno));
}

void
up_tell_services(const struct config *config)
{
	char replicas[16];

	(void)snprintf(replicas, sizeof replicas, "%d", (int)config->redis_replicas);
	(void)setenv("HEARTHLINE_REDIS_SOCKET", config->redis_socket, 0);
	(void)setenv("HEARTHLINE_REDIS_SENTINELS", config->redis_sentinels, 0);
	(void)setenv("HEARTHLINE_REDIS_PRIMARY", config->redis_primary, 0);
	(void)setenv("HEARTHLINE_REDIS_PASSWORD", config->redis_password, 0);
	(void)setenv("HEARTHLINE_REDIS_REPLICAS", replicas, 0);
}

void
up_set_matcher_endpoints(const struct up *up, const struct process *process)
{
	char value[64], list[256] = "";

	for (unsigned i = 1; i <= up->matchers; i++)
		(void)snprintf(list + strlen(list), sizeof list - strlen(list),
		    "%sipc://run/matcher.%u.work.sock", i > 1 ? "," : "", i);
	(void)setenv("HEARTHLINE_NOTIFIER_UPSTREAM", list, 1);
	if (strcmp(process->program, "matcher") != 0)
		return;
	(void)snprintf(value, sizeof value, "ipc://run/%s.sock", process->name);
	(void)setenv("HEARTHLINE_MATCHER_QUERIES", value, 1);
	(void)snprintf(value, sizeof value, "ipc://run/%s.work.sock", process->name);
	(void)setenv("HEARTHLINE_MATCHER_WORK", value, 1);
}

void
up_find_demo(struct up *up)
{
	const char *agency = "";
	json_t *root;

	(void)snprintf(
	    up->demo, sizeof up->demo, "%s/../../deploy/demo/directory.json", up->bin);
	if (access(up->demo, R_OK) != 0)
		(void)snprintf(up->demo, sizeof up->demo,
		    "%s/../share/hearthline/demo/directory.json", up->bin);
	root = json_load_file(up->demo, 0, NULL);
	if (root == NULL)
		log_die("cannot read the demo directory %s", up->demo);
	(void)json_unpack(
	    json_array_get(root, 0), "{s:{s:s}}", "organization", "id", &agency);
	(void)snprintf(up->demo_agency, sizeof up->demo_agency, "%s", agency);
	json_decref(root);
}

static void
import(const struct up *up, const char *source, const char *path)
{
	char program[PATH_MAX + 16];
	pid_t pid;

	(void)snprintf(program, sizeof program, "%s/referralctl", up->bin);
	pid = fork();
	if (pid == 0) {
		execl(program, "referralctl", "--dir", ".", "import", "--reported-now",
		    "--source", source, path, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		log_die("cannot import %s", path);
}

/* With the needs that it is coded with, which lie beside it. */
void
up_import_demo(const struct up *up)
{
	char needs[PATH_MAX + 32];
	size_t folder = strlen(up->demo) - strlen("demo/directory.json");

	import(up, "demo", up->demo);
	(void)snprintf(
	    needs, sizeof needs, "%.*staxonomy/needs.json", (int)folder, up->demo);
	if (access(needs, R_OK) == 0)
		import(up, "needs", needs);
}

/* ---- what others read ---- */

static json_t *
sentinels(const struct up *up)
{
	const char *rest = up->reach.config.redis_sentinels;
	json_t *list = json_array();
	struct text address;

	while ((address = config_list_next(&rest)).at != NULL)
		json_array_append_new(list, json_stringn(address.at, address.length));
	return list;
}

bool
up_write_endpoints(struct up *up)
{
	json_t *metrics = json_object(), *pids = json_object(), *root;
	const char *http = "";
	char intake[PATH_MAX + 32], redis[PATH_MAX + 16];
	bool is_written;

	(void)snprintf(up->primary, sizeof up->primary, "%s", store_primary(up->store));
	for (unsigned i = 0; i < up->count; i++) {
		const struct process *process = &up->list[i];

		json_object_set_new(pids, process->name, json_integer(process->pid));
		if (process->is_service)
			json_object_set_new(
			    metrics, process->name, json_string(process->metrics));
		if (process->http[0] != '\0')
			http = process->http;
	}
	(void)snprintf(intake, sizeof intake, "ipc://%s/run/intake.sock", up->dir);
	if (up->reach.is_elsewhere)
		(void)snprintf(redis, sizeof redis, "%s", up->primary);
	else
		(void)snprintf(redis, sizeof redis, "%s/redis.sock", up->dir);
	root = json_pack("{s:s,s:s,s:s,s:o,s:o}", "http", http, "intake", intake, "redis",
	    redis, "metrics", metrics, "pids", pids);
	if (up->reach.config.redis_sentinels[0] != '\0')
		json_object_set_new(root, "sentinels", sentinels(up));
	is_written = root != NULL &&
	             json_dump_file(root, "endpoints.json.new", JSON_INDENT(2)) == 0 &&
	             rename("endpoints.json.new", "endpoints.json") == 0;
	json_decref(root);
	return is_written;
}

void
up_make_tokens(struct up *up)
{
	json_t *root = json_object();
	mode_t mask;

	if (access("tokens.json", F_OK) == 0) {
		json_decref(root);
		return;
	}
	for (unsigned role = role_operator; role < role_system; role++) {
		char token[SEAL_TOKEN_BYTES + 1], digest[SEAL_TOKEN_DIGEST_BYTES + 1],
		    person[64];
		const char *agency = role == role_agency ? up->demo_agency : "";

		seal_token_new(token);
		seal_token_digest(text_of(token), digest);
		(void)snprintf(
		    person, sizeof person, "%s-1", code_word(CODE_SET_role, role));
		if (cases_account_set(up->cases, text_of(digest), (enum role)role,
		        text_of(person), text_of(agency), NULL, NULL) != STATUS_OK)
			log_die("cannot store the first accounts");
		json_object_set_new(root, code_word(CODE_SET_role, role),
		    json_pack("{s:s,s:s,s:s}", "token", token, "person", person, "agency",
		        agency));
	}
	while (store_waiting_count(up->store) > 0)
		(void)!loop_turn(up->loop, 100);
	mask = umask(0077);
	if (json_dump_file(root, "tokens.json.new", JSON_INDENT(2)) != 0 ||
	    rename("tokens.json.new", "tokens.json") != 0)
		log_die("cannot write tokens.json");
	(void)umask(mask);
	json_decref(root);
}
