/* SPDX-License-Identifier: Apache-2.0
 * Starts and ends private Redis servers. */
#include "tests/unit/redis_fixture.h"

#include <ftw.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define READY_MS 20000
#define TRY_EVERY_MS 2

static bool
write_settings(const struct redis_fixture *redis, const char *appendfsync)
{
	char path[96];
	FILE *file;

	snprintf(path, sizeof path, "%s/redis.conf", redis->directory);
	file = fopen(path, "w");
	if (file == NULL)
		return false;
	fprintf(file,
	    "port 0\nunixsocket %s\ndir %s\nlogfile redis.log\nsave \"\"\n"
	    "appendonly yes\nappendfsync %s\nenable-debug-command local\n",
	    redis->socket_path, redis->directory, appendfsync);
	return fclose(file) == 0;
}

/* Debian's redis-tools has the server too: the program looks at its own name. */
static void
become_redis(const struct redis_fixture *redis, pid_t parent)
{
	static const char *const PROGRAMS[] = { "/usr/bin/redis-server",
		"/usr/bin/redis-check-rdb" };
	char path[96];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	snprintf(path, sizeof path, "%s/redis.conf", redis->directory);
	for (size_t i = 0; i < sizeof PROGRAMS / sizeof *PROGRAMS; i++)
		execl(PROGRAMS[i], "redis-server", path, (char *)NULL);
	_exit(127);
}

/* "+PONG", and not "-LOADING". */
static bool
answers(const struct redis_fixture *redis)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval most = { .tv_sec = 1 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char reply[5];
	bool is_ready;

	snprintf(address.sun_path, sizeof address.sun_path, "%s", redis->socket_path);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
	is_ready = connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
	           send(fd, "PING\r\n", 6, MSG_NOSIGNAL) == 6 &&
	           recv(fd, reply, sizeof reply, MSG_WAITALL) == (ssize_t)sizeof reply &&
	           memcmp(reply, "+PONG", sizeof reply) == 0;
	close(fd);
	return is_ready;
}

bool
redis_fixture_start_again(struct redis_fixture *redis)
{
	const struct timespec pause = { .tv_nsec = TRY_EVERY_MS * 1000000L };
	pid_t parent = getpid();

	redis->pid = fork();
	if (redis->pid == 0)
		become_redis(redis, parent);
	for (int tries = 0; tries < READY_MS / TRY_EVERY_MS; tries++) {
		if (answers(redis))
			return true;
		if (waitpid(redis->pid, NULL, WNOHANG) != 0) {
			redis->pid = 0;
			break;
		}
		nanosleep(&pause, NULL);
	}
	fprintf(stderr, "redis_fixture: no Redis in %s, see redis.log there\n",
	    redis->directory);
	return false;
}

static bool
make_directory(struct redis_fixture *redis)
{
	*redis = (struct redis_fixture){ .directory = "/tmp/hearthline-redis-XXXXXX" };
	if (mkdtemp(redis->directory) == NULL) {
		perror("redis_fixture: mkdtemp");
		redis->directory[0] = '\0';
		return false;
	}
	snprintf(redis->socket_path, sizeof redis->socket_path, "%s/redis.sock",
	    redis->directory);
	return true;
}

bool
redis_fixture_start(struct redis_fixture *redis, const char *appendfsync)
{
	if (!make_directory(redis))
		return false;
	if (write_settings(redis, appendfsync) && redis_fixture_start_again(redis))
		return true;
	redis_fixture_end(redis);
	return false;
}

/* ---- copies ---- */

/* A log is a base, what was appended since, and a list of the two (Redis 7). */
static const char *const FILES[] = { "appendonly.aof.manifest",
	"appendonly.aof.1.base.rdb", "appendonly.aof.1.incr.aof" };
#define APPENDED 2

static void
file_of(const struct redis_fixture *redis, int file, char path[160])
{
	snprintf(path, 160, "%s/appendonlydir/%s", redis->directory, FILES[file]);
}

long
redis_fixture_log_bytes(const struct redis_fixture *redis)
{
	struct stat state;
	char path[160];

	file_of(redis, APPENDED, path);
	return stat(path, &state) == 0 ? (long)state.st_size : -1;
}

/* At most so many bytes of one of the files. */
static bool
copy_file(const struct redis_fixture *from, const struct redis_fixture *to, int file,
    size_t most)
{
	char path[160], bytes[65536];
	FILE *in, *out;
	size_t count = 0;
	bool is_good;

	file_of(from, file, path);
	in = fopen(path, "rb");
	file_of(to, file, path);
	out = fopen(path, "wb");
	is_good = in != NULL && out != NULL;
	while (is_good && most > 0 &&
	       (count = fread(bytes, 1, most < sizeof bytes ? most : sizeof bytes, in)) >
	           0) {
		is_good = fwrite(bytes, 1, count, out) == count;
		most -= count;
	}
	if (in != NULL)
		fclose(in);
	return out != NULL && fclose(out) == 0 && is_good;
}

bool
redis_fixture_start_from(
    struct redis_fixture *redis, const struct redis_fixture *from, long log_bytes)
{
	char path[96];
	bool is_good = make_directory(redis) && write_settings(redis, "no");

	snprintf(path, sizeof path, "%s/appendonlydir", redis->directory);
	is_good = is_good && mkdir(path, 0700) == 0;
	for (int file = 0; file <= APPENDED && is_good; file++)
		is_good = copy_file(
		    from, redis, file, file == APPENDED ? (size_t)log_bytes : SIZE_MAX);
	if (is_good && redis_fixture_start_again(redis))
		return true;
	redis_fixture_end(redis);
	return false;
}

void
redis_fixture_kill9(struct redis_fixture *redis)
{
	if (redis->pid <= 0)
		return;
	kill(redis->pid, SIGKILL);
	waitpid(redis->pid, NULL, 0);
	redis->pid = 0;
}

void
redis_fixture_stop_signal(struct redis_fixture *redis)
{
	int state;

	kill(redis->pid, SIGSTOP);
	waitpid(redis->pid, &state, WUNTRACED);
}

void
redis_fixture_continue_signal(struct redis_fixture *redis)
{
	kill(redis->pid, SIGCONT);
}

static int
remove_one(const char *path, const struct stat *state, int kind, struct FTW *place)
{
	(void)state;
	(void)kind;
	(void)place;
	return remove(path);
}

void
redis_fixture_end(struct redis_fixture *redis)
{
	redis_fixture_kill9(redis);
	if (redis->directory[0] != '\0')
		nftw(redis->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	redis->directory[0] = '\0';
}
