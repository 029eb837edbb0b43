-- SPDX-License-Identifier: Apache-2.0
-- The stack that a user would pick instead: a route as two functions of PostgreSQL with PostGIS, each one durable
-- transaction.  Left out in its favour: the chain of hashes, sealing, the explanation, the index of phones.
create extension postgis;
create extension btree_gist;

create table service (
	id int primary key,
	agency int not null,
	term smallint not null,
	at geometry(point) not null, -- on a plane, km
	radius_km real,
	region text,
	languages int not null, -- bits
	age_least smallint,
	age_most smallint
);
create table place (service int primary key, free int not null) with (fillfactor = 50);

create table family (
	id uuid primary key, -- derived from the caller and its key
	digest bytea not null,
	urgency smallint not null,
	identity bytea not null,
	version int not null default 1,
	accepted_at timestamptz not null default now()
);
create table need (
	family uuid not null,
	number smallint not null,
	state smallint not null default 0, -- 0 to be matched, 1 offered
	version int not null default 1,
	term smallint not null,
	facts bytea not null,
	primary key (family, number)
);
create index need_to_match on need (family) where state = 0;
create table referral (
	family uuid not null,
	number smallint not null,
	attempt smallint not null,
	service int not null,
	agency int not null,
	state smallint not null, -- 2: told by inbox
	distance_km real not null,
	offered_at timestamptz not null default now(),
	due_at timestamptz not null,
	primary key (family, number, attempt)
);
create index referral_clock on referral (due_at);
create index referral_inbox on referral (agency, offered_at);
create table journal (
	line bigint generated always as identity (cache 64),
	family uuid not null,
	item smallint not null,
	action text not null,
	actor text not null,
	at timestamptz not null default now()
);

-- True: accepted now; false: before.
create function accept(a_family uuid, a_digest bytea, a_identity bytea, a_term smallint, a_facts bytea)
returns boolean language plpgsql as $$
begin
	insert into family (id, digest, urgency, identity) values (a_family, a_digest, 3, a_identity)
		on conflict do nothing;
	if not found then
		return false;
	end if;
	insert into need (family, number, term, facts) values (a_family, 1, a_term, a_facts);
	insert into journal (family, item, action, actor) values (a_family, 0, 'accept', 'bench');
	return true;
end $$;

-- The nearest service that fits and has a free place; null: none, or offered before.
create function offer(o_family uuid, o_term smallint, o_east float8, o_north float8, o_region text,
	o_languages int, o_age smallint)
returns int language plpgsql as $$
declare
	here constant geometry := st_makepoint(o_east, o_north);
	best record;
begin
	loop
		select s.id, s.agency, (s.at <-> here)::real as km into best
		from service s
		where s.term = o_term and s.languages & o_languages <> 0
			and (s.age_least is null or s.age_least <= o_age)
			and (s.age_most is null or s.age_most >= o_age)
			and (s.region is null or s.region = o_region)
			and (s.radius_km is null or s.at <-> here <= s.radius_km)
			and (select p.free from place p where p.service = s.id) > 0
		order by s.at <-> here limit 1;
		if not found then
			return null;
		end if;
		update place set free = free - 1 where service = best.id and free > 0;
		exit when found;
	end loop;
	update need set state = 1, version = version + 1 where family = o_family and number = 1 and state = 0;
	if not found then
		raise exception 'not to be matched';
	end if;
	insert into referral (family, number, attempt, service, agency, state, distance_km, due_at)
		values (o_family, 1, 1, best.id, best.agency, 2, best.km, now() + interval '2 days');
	insert into journal (family, item, action, actor) values (o_family, 1, 'offer', 'bench');
	return best.id;
end $$;
