//! The tables, as both sets of migrations make them (a test compares all three).

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    meta (key) {
        key -> Text,
        value -> Text,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    area_editions (edition) {
        edition -> BigInt,
        source -> Text,
        imported_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    areas (id) {
        id -> UidSql,
        level -> Text,
        code -> Text,
        name -> Text,
        parent_id -> Nullable<UidSql>,
        province -> UidSql,
        city -> Nullable<UidSql>,
        county -> Nullable<UidSql>,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        official -> Bool,
        abolished_on -> Nullable<Text>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    area_codes (area_id, valid_from) {
        area_id -> UidSql,
        valid_from -> Text,
        valid_to -> Nullable<Text>,
        edition -> BigInt,
        code -> Text,
        name -> Text,
        parent_id -> Nullable<UidSql>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    area_changes (id) {
        id -> UidSql,
        kind -> Text,
        edition -> BigInt,
        from_area -> UidSql,
        to_area -> Nullable<UidSql>,
        source -> Text,
        effective_on -> Text,
        state -> Text,
        old_code -> Nullable<Text>,
        new_code -> Nullable<Text>,
        old_name -> Nullable<Text>,
        new_name -> Nullable<Text>,
        created_at -> BigInt,
        settled_at -> Nullable<BigInt>,
        settled_by -> Nullable<UidSql>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    area_change_parts (change_id, area_id) {
        change_id -> UidSql,
        area_id -> UidSql,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    area_carries (change_id, from_area) {
        change_id -> UidSql,
        from_area -> UidSql,
        to_area -> UidSql,
        carried -> BigInt,
        done_at -> Nullable<BigInt>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    area_decisions (change_id, record_id) {
        change_id -> UidSql,
        record_id -> UidSql,
        kind -> Text,
        to_area -> Nullable<UidSql>,
        decided_by -> UidSql,
        decided_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    area_coverage (county, edition) {
        county -> UidSql,
        edition -> BigInt,
        digest -> Text,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    users (id) {
        id -> UidSql,
        version -> BigInt,
        field_versions -> Text,
        login -> Text,
        display_name -> Binary,
        password_hash -> Nullable<Text>,
        state -> Text,
        created_by -> Nullable<UidSql>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    assignments (id) {
        id -> UidSql,
        version -> BigInt,
        field_versions -> Text,
        user_id -> UidSql,
        role -> Text,
        area_id -> UidSql,
        county -> Nullable<UidSql>,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        starts_at -> BigInt,
        ends_at -> Nullable<BigInt>,
        created_by -> Nullable<UidSql>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    devices (id) {
        id -> UidSql,
        version -> BigInt,
        field_versions -> Text,
        user_id -> UidSql,
        installation_id -> UidSql,
        name -> Text,
        platform -> Text,
        app_version -> Text,
        push_provider -> Nullable<Text>,
        push_token -> Nullable<Binary>,
        push_token_index -> Nullable<Binary>,
        push_state -> Text,
        push_changed_at -> Nullable<BigInt>,
        push_strikes -> BigInt,
        enrolled_at -> BigInt,
        last_seen_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    sessions (id) {
        id -> UidSql,
        user_id -> UidSql,
        device_id -> Nullable<UidSql>,
        token_hash -> Binary,
        previous_hash -> Nullable<Binary>,
        rotated_at -> BigInt,
        created_at -> BigInt,
        expires_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
        revoked_why -> Nullable<Text>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    enrolments (id) {
        id -> UidSql,
        purpose -> Text,
        user_id -> UidSql,
        code_hash -> Binary,
        created_by -> UidSql,
        created_at -> BigInt,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
        device_id -> Nullable<UidSql>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    sign_in_attempts (login_mac) {
        login_mac -> Binary,
        failed -> BigInt,
        locked_until -> Nullable<BigInt>,
        at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    auth_events (seq) {
        seq -> BigInt,
        user_id -> UidSql,
        at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    audit_entries (id) {
        id -> UidSql,
        seq -> Nullable<BigInt>,
        at -> BigInt,
        actor_id -> Nullable<UidSql>,
        device_id -> Nullable<UidSql>,
        role -> Nullable<Text>,
        action -> Text,
        kind -> Text,
        record_id -> UidSql,
        county -> Nullable<UidSql>,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        area_id -> Nullable<UidSql>,
        reason -> Nullable<Text>,
        facts -> Text,
        request_id -> Text,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    audit_seals (last_seq) {
        last_seq -> BigInt,
        first_seq -> BigInt,
        at -> BigInt,
        hash -> Binary,
        leaf_hash -> Binary,
        removed_at -> Nullable<BigInt>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    changes (seq) {
        seq -> BigInt,
        pos -> Nullable<BigInt>,
        kind -> Text,
        record_id -> UidSql,
        audience -> UidSql,
        op -> Text,
        version -> BigInt,
        view -> Text,
        county -> Nullable<UidSql>,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        assignee -> Nullable<UidSql>,
        at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    feed_lineage (id) {
        id -> UidSql,
        start_pos -> BigInt,
        instance -> Text,
        timeline -> BigInt,
        at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    idempotency_keys (key_mac) {
        key_mac -> Binary,
        user_id -> UidSql,
        operation -> Text,
        body_mac -> Binary,
        status -> BigInt,
        record_id -> UidSql,
        at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    households (id) {
        id -> UidSql,
        version -> BigInt,
        field_versions -> Text,
        kind -> Text,
        county -> UidSql,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        area_id -> UidSql,
        area_code -> Text,
        data_key -> Binary,
        address -> Nullable<Binary>,
        contact_person_id -> Nullable<UidSql>,
        state -> Text,
        registered_by -> UidSql,
        assignee -> Nullable<UidSql>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    persons (id) {
        id -> UidSql,
        version -> BigInt,
        field_versions -> Text,
        county -> UidSql,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        area_id -> UidSql,
        area_code -> Text,
        household_id -> Nullable<UidSql>,
        data_key -> Binary,
        name -> Binary,
        phone -> Nullable<Binary>,
        phone_index -> Nullable<Binary>,
        address -> Nullable<Binary>,
        document_kind -> Nullable<Text>,
        document -> Nullable<Binary>,
        document_index -> Nullable<Binary>,
        sex -> Text,
        birth_year -> Nullable<BigInt>,
        language -> Nullable<Text>,
        contact_hours -> Nullable<Text>,
        state -> Text,
        merged_into -> Nullable<UidSql>,
        registered_by -> UidSql,
        assignee -> Nullable<UidSql>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    consent_texts (purpose, text_version, language) {
        purpose -> Text,
        text_version -> BigInt,
        language -> Text,
        purpose_text -> Text,
        manner_text -> Text,
        kinds_text -> Text,
        recipient_text -> Text,
        in_force_from -> Text,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    consents (id) {
        id -> UidSql,
        version -> BigInt,
        person_id -> UidSql,
        purpose -> Text,
        text_version -> BigInt,
        language -> Text,
        channel -> Text,
        given_by -> Text,
        given_at -> BigInt,
        witnessed_by -> Nullable<UidSql>,
        withdrawn_at -> Nullable<BigInt>,
        withdrawn_channel -> Nullable<Text>,
        withdrawal_recorded_by -> Nullable<UidSql>,
        refused -> Bool,
        data_ended_at -> Nullable<BigInt>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    residents (id) {
        id -> UidSql,
        version -> BigInt,
        field_versions -> Text,
        person_id -> UidSql,
        county -> UidSql,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        assignee -> Nullable<UidSql>,
        registered_by -> UidSql,
        home_area_id -> Nullable<UidSql>,
        home_area_code -> Nullable<Text>,
        arrived_on -> Text,
        expected_stay -> Text,
        reason -> Text,
        employer -> Nullable<Binary>,
        needs -> Text,
        state -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        merged_into -> Nullable<UidSql>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    residence_episodes (id) {
        id -> UidSql,
        version -> BigInt,
        field_versions -> Text,
        resident_id -> UidSql,
        person_id -> UidSql,
        area_id -> UidSql,
        area_code -> Text,
        address -> Nullable<Binary>,
        from_day -> Text,
        to_day -> Nullable<Text>,
        reason -> Text,
        left_reason -> Nullable<Text>,
        created_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    possession_kinds (kind) {
        kind -> Text,
        ordinal -> BigInt,
        label_zh -> Text,
        label_en -> Text,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    member_homes (id) {
        id -> UidSql,
        version -> BigInt,
        field_versions -> Text,
        county -> UidSql,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        area_id -> UidSql,
        area_code -> Text,
        title -> Text,
        site_address -> Text,
        opening_hours -> Nullable<Text>,
        keeper_id -> Nullable<UidSql>,
        state -> Text,
        registered_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    home_possessions (id) {
        id -> UidSql,
        home_id -> UidSql,
        kind -> Text,
        present -> Bool,
        checked_on -> Text,
        checked_by -> UidSql,
        note -> Nullable<Binary>,
        photo -> Nullable<Text>,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    visits (id) {
        id -> UidSql,
        version -> BigInt,
        field_versions -> Text,
        state -> Text,
        county -> UidSql,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        area_code -> Text,
        registered_by -> UidSql,
        assignee -> Nullable<UidSql>,
        member_home_id -> Nullable<UidSql>,
        household_id -> Nullable<UidSql>,
        purpose -> Text,
        started_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        visit_day -> Text,
        companions -> Text,
        lat_milli -> Nullable<BigInt>,
        lng_milli -> Nullable<BigInt>,
        offered -> Text,
        needs_voiced -> Text,
        needs_note -> Nullable<Binary>,
        photos -> Text,
        return_reason -> Nullable<Text>,
        return_note -> Nullable<Binary>,
        submitted_at -> Nullable<BigInt>,
        reviewed_by -> Nullable<UidSql>,
        reviewed_at -> Nullable<BigInt>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    visit_opinions (id) {
        id -> UidSql,
        visit_id -> UidSql,
        ordinal -> BigInt,
        topic -> Text,
        opinion -> Binary,
        answer_owed -> Bool,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    follow_ups (id) {
        id -> UidSql,
        version -> BigInt,
        field_versions -> Text,
        visit_id -> UidSql,
        member_home_id -> Nullable<UidSql>,
        household_id -> Nullable<UidSql>,
        county -> UidSql,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        registered_by -> UidSql,
        assignee -> UidSql,
        published -> Bool,
        due_on -> Text,
        task -> Binary,
        state -> Text,
        outcome -> Nullable<Text>,
        outcome_note -> Nullable<Binary>,
        closed_by -> Nullable<UidSql>,
        closed_at -> Nullable<BigInt>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    insurance_products (id) {
        id -> UidSql,
        version -> BigInt,
        field_versions -> Text,
        code -> Text,
        title_zh -> Text,
        title_en -> Text,
        terms_zh -> Text,
        terms_en -> Text,
        basis -> Text,
        sum_divided -> Bool,
        life_insurance -> Bool,
        premium -> Nullable<BigInt>,
        sum_insured -> Nullable<BigInt>,
        day_rate -> Nullable<BigInt>,
        day_cap -> Nullable<BigInt>,
        min_age -> Nullable<BigInt>,
        max_age -> Nullable<BigInt>,
        determination_days -> Nullable<BigInt>,
        payment_days -> Nullable<BigInt>,
        papers -> Text,
        created_by -> Nullable<UidSql>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    policies (id) {
        id -> UidSql,
        version -> BigInt,
        field_versions -> Text,
        household_id -> UidSql,
        county -> UidSql,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        product -> Binary,
        policy_number -> Nullable<Binary>,
        insurer_code -> Text,
        holder_person_id -> UidSql,
        payer_person_id -> UidSql,
        starts_on -> Text,
        ends_on -> Text,
        registered_by -> UidSql,
        assignee -> Nullable<UidSql>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    policy_insured (policy_id, person_id) {
        policy_id -> UidSql,
        person_id -> UidSql,
        position -> BigInt,
        sum_agreed -> Binary,
        sealed_as -> Nullable<UidSql>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    policy_beneficiaries (policy_id, person_id) {
        policy_id -> UidSql,
        person_id -> UidSql,
        position -> BigInt,
        share -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    claims (id) {
        id -> UidSql,
        version -> BigInt,
        field_versions -> Text,
        policy_id -> UidSql,
        household_id -> UidSql,
        insured_person_id -> UidSql,
        county -> UidSql,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        claim_type -> Text,
        state -> Text,
        event_on -> Text,
        known_on -> Text,
        reported_on -> Text,
        last_on -> Text,
        told_papers_on -> Nullable<Text>,
        refusal_notice_on -> Nullable<Text>,
        claimed_amount -> Nullable<BigInt>,
        approved_amount -> Nullable<BigInt>,
        description -> Nullable<Binary>,
        registered_by -> UidSql,
        assignee -> Nullable<UidSql>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    claim_events (id) {
        id -> UidSql,
        claim_id -> UidSql,
        number -> BigInt,
        step -> Text,
        from_state -> Nullable<Text>,
        to_state -> Text,
        on_day -> Text,
        facts -> Text,
        insurer_reference -> Nullable<Binary>,
        reasons -> Nullable<Binary>,
        late -> Text,
        by_user -> UidSql,
        at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    claim_documents (claim_id, kind) {
        claim_id -> UidSql,
        kind -> Text,
        position -> BigInt,
        required -> Bool,
        requested_on -> Nullable<Text>,
        received_on -> Nullable<Text>,
        file_sha256 -> Nullable<Text>,
        updated_by -> UidSql,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    claim_payments (id) {
        id -> UidSql,
        claim_id -> UidSql,
        kind -> Text,
        amount -> BigInt,
        paid_on -> Text,
        event_id -> UidSql,
        created_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    festivals (id) {
        id -> UidSql,
        version -> BigInt,
        field_versions -> Text,
        code -> Text,
        title_zh -> Text,
        title_en -> Text,
        rule -> Text,
        built_in -> Bool,
        enabled -> Bool,
        created_by -> Nullable<UidSql>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    festival_days (festival_id, starts_on) {
        festival_id -> UidSql,
        starts_on -> Text,
        ends_on -> Text,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    campaigns (id) {
        id -> UidSql,
        version -> BigInt,
        field_versions -> Text,
        state -> Text,
        county -> Nullable<UidSql>,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        area_id -> UidSql,
        area_code -> Text,
        festival_id -> Nullable<UidSql>,
        starts_on -> Text,
        ends_on -> Text,
        zone -> Text,
        theme -> Text,
        title -> Text,
        goals -> Nullable<Text>,
        audience_areas -> Text,
        audience_roles -> Text,
        message_zh -> Text,
        message_en -> Text,
        reminder_plan -> Text,
        late_policy -> Text,
        created_by -> UidSql,
        amended_by -> Nullable<UidSql>,
        approved_by -> Nullable<UidSql>,
        approved_at -> Nullable<BigInt>,
        cancelled_at -> Nullable<BigInt>,
        created_at -> BigInt,
        updated_at -> BigInt,
        template_id -> Nullable<UidSql>,
        means -> Text,
        audience_limits -> Text,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    campaign_announcements (campaign_id) {
        campaign_id -> UidSql,
        told -> Text,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    campaign_reminders (id) {
        id -> UidSql,
        campaign_id -> UidSql,
        ordinal -> BigInt,
        due_at -> BigInt,
        expires_at -> BigInt,
        state -> Text,
        reached -> Nullable<UidSql>,
        started_at -> Nullable<BigInt>,
        ended_at -> Nullable<BigInt>,
        follow_up -> Bool,
        planned_at -> BigInt,
        of_day -> Nullable<Text>,
        days_before -> Nullable<BigInt>,
        occurrence_id -> UidSql,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    campaign_writers (campaign_id, user_id) {
        campaign_id -> UidSql,
        user_id -> UidSql,
        version -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    activities (id) {
        id -> UidSql,
        version -> BigInt,
        field_versions -> Text,
        state -> Text,
        county -> UidSql,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        area_code -> Text,
        campaign_id -> Nullable<UidSql>,
        member_home_id -> Nullable<UidSql>,
        venue -> Nullable<Text>,
        kind -> Text,
        title -> Text,
        starts_at -> BigInt,
        ends_at -> BigInt,
        activity_day -> Text,
        registered_by -> UidSql,
        assignee -> UidSql,
        participants -> Nullable<BigInt>,
        leaflets -> Nullable<BigInt>,
        households_informed -> Nullable<BigInt>,
        photos -> Text,
        return_reason -> Nullable<Text>,
        reported_by -> Nullable<UidSql>,
        reported_at -> Nullable<BigInt>,
        reviewed_by -> Nullable<UidSql>,
        reviewed_at -> Nullable<BigInt>,
        cancelled_at -> Nullable<BigInt>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    activity_media (activity_id, ordinal) {
        activity_id -> UidSql,
        ordinal -> BigInt,
        channel -> Text,
        outlet -> Text,
        title -> Text,
        published_on -> Text,
        link -> Nullable<Text>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    campaign_templates (id) {
        id -> UidSql,
        version -> BigInt,
        field_versions -> Text,
        code -> Text,
        theme -> Text,
        message_zh -> Text,
        message_en -> Text,
        enabled -> Bool,
        created_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    calendar_feeds (user_id) {
        user_id -> UidSql,
        token_hash -> Binary,
        made_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    channel_bindings (user_id, channel) {
        user_id -> UidSql,
        channel -> Text,
        state_hash -> Binary,
        made_at -> BigInt,
        expires_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    campaign_alarms (id) {
        id -> UidSql,
        version -> BigInt,
        user_id -> UidSql,
        campaign_id -> UidSql,
        area_id -> Nullable<UidSql>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    campaign_alarm_runs (campaign_id) {
        campaign_id -> UidSql,
        round -> BigInt,
        withdraws -> Bool,
        reached -> Nullable<UidSql>,
        checks -> Bool,
        next_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    notifications (id) {
        id -> UidSql,
        version -> BigInt,
        user_id -> UidSql,
        kind -> Text,
        title_zh -> Text,
        title_en -> Text,
        body_zh -> Text,
        body_en -> Text,
        subject_kind -> Nullable<Text>,
        subject_id -> Nullable<UidSql>,
        campaign_id -> Nullable<UidSql>,
        occurrence_id -> UidSql,
        county -> Nullable<UidSql>,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        devices -> BigInt,
        expires_at -> BigInt,
        displayed_at -> Nullable<BigInt>,
        opened_at -> Nullable<BigInt>,
        read_at -> Nullable<BigInt>,
        done_at -> Nullable<BigInt>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    deliveries (id) {
        id -> UidSql,
        notification_id -> UidSql,
        device_id -> UidSql,
        provider -> Text,
        lane -> BigInt,
        state -> Text,
        attempts -> BigInt,
        next_at -> BigInt,
        expires_at -> BigInt,
        lease_until -> Nullable<BigInt>,
        leased_by -> Nullable<UidSql>,
        fence -> BigInt,
        last_code -> Nullable<Text>,
        accepted_at -> Nullable<BigInt>,
        created_at -> BigInt,
        updated_at -> BigInt,
        announces -> BigInt,
        counted_on -> Nullable<Text>,
        lost_leases -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    notification_settings (user_id) {
        user_id -> UidSql,
        quiet_from -> Nullable<Text>,
        quiet_until -> Nullable<Text>,
        zone -> Text,
        daily_cap -> Nullable<BigInt>,
        digest -> Bool,
        updated_at -> BigInt,
        language -> Text,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    push_phones (device_id) {
        device_id -> UidSql,
        day -> Text,
        routine -> BigInt,
        campaign -> BigInt,
        routine_at -> Nullable<BigInt>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    push_minutes (provider, minute, worker) {
        provider -> Text,
        minute -> BigInt,
        worker -> UidSql,
        accepted -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    delivery_receipts (id) {
        id -> UidSql,
        delivery_id -> UidSql,
        attempt -> BigInt,
        outcome -> Text,
        code -> Text,
        http_status -> Nullable<BigInt>,
        provider_message -> Nullable<Text>,
        took_ms -> BigInt,
        at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    push_providers (provider) {
        provider -> Text,
        state -> Text,
        reason -> Nullable<Text>,
        since -> BigInt,
        retry_at -> Nullable<BigInt>,
        held_until -> Nullable<BigInt>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    sync_operations (user_id, op_id) {
        user_id -> UidSql,
        op_id -> UidSql,
        device_id -> Nullable<UidSql>,
        kind -> Text,
        action -> Text,
        record_id -> UidSql,
        body_mac -> Binary,
        outcome -> Text,
        version -> Nullable<BigInt>,
        problem -> Nullable<Text>,
        resting_id -> Nullable<UidSql>,
        made_at -> BigInt,
        at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    sync_resting (id) {
        id -> UidSql,
        cause -> Text,
        state -> Text,
        user_id -> UidSql,
        device_id -> Nullable<UidSql>,
        op_id -> UidSql,
        kind -> Text,
        action -> Text,
        record_id -> UidSql,
        parent_id -> Nullable<UidSql>,
        base_version -> Nullable<BigInt>,
        fields -> Text,
        waits_for -> Nullable<UidSql>,
        waits_also -> Nullable<UidSql>,
        county -> Nullable<UidSql>,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        data_key -> Nullable<Binary>,
        body -> Nullable<Binary>,
        problem -> Nullable<Text>,
        made_at -> BigInt,
        seen_pos -> BigInt,
        next_try_at -> BigInt,
        expires_at -> BigInt,
        settled_by -> Nullable<UidSql>,
        settled_at -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    device_sync (device_id) {
        device_id -> UidSql,
        user_id -> UidSql,
        last_push_at -> Nullable<BigInt>,
        last_pull_at -> Nullable<BigInt>,
        backlog -> BigInt,
        clock_skew_ms -> Nullable<BigInt>,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    disclosures (record_id, user_id, day, view) {
        record_id -> UidSql,
        user_id -> UidSql,
        day -> Text,
        view -> Text,
        kind -> Text,
        device_id -> Nullable<UidSql>,
        at -> BigInt,
        county -> Nullable<UidSql>,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    key_moves (place) {
        place -> Text,
        key_id -> BigInt,
        pass -> BigInt,
        position -> UidSql,
        done -> BigInt,
        total -> BigInt,
        found -> BigInt,
        moved -> BigInt,
        unreadable -> BigInt,
        started_at -> BigInt,
        updated_at -> BigInt,
        finished_at -> Nullable<BigInt>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    erasures (person_id) {
        person_id -> UidSql,
        cause -> Text,
        state -> Text,
        asked_at -> BigInt,
        erased_at -> Nullable<BigInt>,
        scrubbed_at -> Nullable<BigInt>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    erased_records (record_id) {
        record_id -> UidSql,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    person_receipts (id) {
        id -> UidSql,
        person_id -> UidSql,
        code_hash -> Binary,
        issued_by -> UidSql,
        issued_at -> BigInt,
        expires_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
        revoked_by -> Nullable<UidSql>,
        last_used_at -> Nullable<BigInt>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    privacy_requests (id) {
        id -> UidSql,
        version -> BigInt,
        person_id -> UidSql,
        county -> UidSql,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        kind -> Text,
        asked_by -> Text,
        channel -> Text,
        fields -> Text,
        told -> Nullable<Binary>,
        state -> Text,
        due_on -> Text,
        due_provisional -> Bool,
        refusal -> Nullable<Text>,
        refusal_note -> Nullable<Binary>,
        registered_by -> Nullable<UidSql>,
        assignee -> Nullable<UidSql>,
        asked_at -> BigInt,
        accepted_at -> Nullable<BigInt>,
        accepted_by -> Nullable<UidSql>,
        answered_at -> Nullable<BigInt>,
        answered_by -> Nullable<UidSql>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    rights_requests (id) {
        id -> UidSql,
        version -> BigInt,
        person_id -> UidSql,
        county -> UidSql,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        topic -> Text,
        told -> Nullable<Binary>,
        state -> Text,
        asked_on -> Text,
        due_on -> Text,
        due_provisional -> Bool,
        referred_to -> Nullable<Text>,
        referred_office -> Nullable<Binary>,
        referred_on -> Nullable<Text>,
        answer -> Nullable<Binary>,
        answered_on -> Nullable<Text>,
        registered_by -> UidSql,
        assignee -> Nullable<UidSql>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    duplicate_pairs (id) {
        id -> UidSql,
        version -> BigInt,
        person_id -> UidSql,
        other_person_id -> UidSql,
        why -> Text,
        state -> Text,
        reason -> Nullable<Text>,
        told -> Bool,
        county -> UidSql,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        other_county -> UidSql,
        other_town -> Nullable<UidSql>,
        other_village -> Nullable<UidSql>,
        asked_by -> UidSql,
        found_on -> Text,
        kept_person_id -> Nullable<UidSql>,
        settled_by -> Nullable<UidSql>,
        settled_at -> Nullable<BigInt>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    merge_moves (id) {
        id -> UidSql,
        pair_id -> UidSql,
        ordinal -> BigInt,
        moved_table -> Text,
        row_id -> UidSql,
        moved_column -> Text,
        old_value -> Nullable<Text>,
        new_value -> Nullable<Text>,
        version_after -> Nullable<BigInt>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    duplicate_search (source) {
        source -> Text,
        pos -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    service_kinds (kind) {
        kind -> Text,
        ordinal -> BigInt,
        health -> Bool,
        label_zh -> Text,
        label_en -> Text,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    services (id) {
        id -> UidSql,
        version -> BigInt,
        resident_id -> UidSql,
        person_id -> UidSql,
        kind -> Text,
        state -> Text,
        offered_on -> Text,
        provider -> Nullable<Text>,
        provider_contact -> Nullable<Binary>,
        sealed_as -> Nullable<UidSql>,
        delivered_on -> Nullable<Text>,
        follow_up_on -> Nullable<Text>,
        recorded_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    service_tally (area_id, quarter, kind, what) {
        area_id -> UidSql,
        quarter -> Text,
        kind -> Text,
        what -> Text,
        count -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    work_days (day) {
        day -> Text,
        kind -> Text,
        published -> Bool,
        title_en -> Text,
        title_zh -> Text,
        imported_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    liaison_peers (id) {
        id -> UidSql,
        version -> BigInt,
        office -> Text,
        area_code -> Text,
        signing_key -> Text,
        sealing_key -> Text,
        key_digest -> Text,
        registered_by -> UidSql,
        revoked_at -> Nullable<BigInt>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    liaison_notices (id) {
        id -> UidSql,
        version -> BigInt,
        side -> Text,
        thread -> UidSql,
        code -> Text,
        kind -> Text,
        state -> Text,
        person_id -> Nullable<UidSql>,
        regards -> Nullable<UidSql>,
        county -> UidSql,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        area_code -> Text,
        other_area_code -> Text,
        other_area -> Nullable<UidSql>,
        office -> Nullable<Text>,
        peer -> Nullable<UidSql>,
        fields -> Text,
        topics -> Text,
        data_key -> Nullable<Binary>,
        note -> Nullable<Binary>,
        reply_note -> Nullable<Binary>,
        due_days -> BigInt,
        due_on -> Nullable<Text>,
        sent_on -> Nullable<Text>,
        received_on -> Nullable<Text>,
        answered_on -> Nullable<Text>,
        closed_because -> Nullable<Text>,
        registered_by -> Nullable<UidSql>,
        assignee -> Nullable<UidSql>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    liaison_drafts (notice_id) {
        notice_id -> UidSql,
        field_versions -> Text,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    liaison_fields (notice_id, field) {
        notice_id -> UidSql,
        field -> Text,
        purpose -> Text,
        value -> Nullable<Binary>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    liaison_scopes (consent_id) {
        consent_id -> UidSql,
        fields -> Text,
        noted_by -> UidSql,
        noted_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    liaison_withdrawals (id) {
        id -> UidSql,
        thread -> UidSql,
        code -> Text,
        county -> UidSql,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        office -> Text,
        other_area_code -> Text,
        peer -> Nullable<UidSql>,
        fields -> Text,
        asked_at -> BigInt,
        passed_on_at -> Nullable<BigInt>,
        passed_on_by -> Nullable<UidSql>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    liaison_files (id) {
        id -> UidSql,
        thread -> UidSql,
        peer -> Nullable<UidSql>,
        direction -> Text,
        what -> Text,
        by_user -> UidSql,
        at -> BigInt,
        fields -> Nullable<Text>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    liaison_peer_keys (key_digest) {
        key_digest -> Text,
        peer_id -> UidSql,
        signing_key -> Text,
        sealing_key -> Text,
        replaced_at -> BigInt,
        taken_until -> Nullable<Text>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    household_tally (area_id, quarter, kind) {
        area_id -> UidSql,
        quarter -> Text,
        kind -> Text,
        count -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    insurance_quarters (province, quarter) {
        province -> UidSql,
        quarter -> Text,
        closed_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    insurance_figures (area_id, quarter) {
        area_id -> UidSql,
        quarter -> Text,
        figures -> Text,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    home_openings (home_id, opened_on) {
        home_id -> UidSql,
        opened_on -> Text,
        closed_on -> Nullable<Text>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    concerns (id) {
        id -> UidSql,
        version -> BigInt,
        visit_id -> UidSql,
        opinion_id -> Nullable<UidSql>,
        member_home_id -> Nullable<UidSql>,
        household_id -> Nullable<UidSql>,
        county -> UidSql,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        area_code -> Text,
        registered_by -> UidSql,
        assignee -> Nullable<UidSql>,
        topic -> Nullable<Text>,
        need -> Nullable<Text>,
        told -> Nullable<Binary>,
        voiced_on -> Text,
        state -> Text,
        due_on -> Text,
        due_provisional -> Bool,
        referred_to -> Nullable<Text>,
        referred_office -> Nullable<Binary>,
        referred_on -> Nullable<Text>,
        referred_by -> Nullable<UidSql>,
        answer -> Nullable<Binary>,
        answered_on -> Nullable<Text>,
        answered_by -> Nullable<UidSql>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    policy_imports (id) {
        id -> UidSql,
        version -> BigInt,
        area_id -> UidSql,
        county -> UidSql,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        state -> Text,
        ending -> Nullable<Text>,
        sheet -> Text,
        file_sha256 -> Text,
        data_key -> Nullable<Binary>,
        row_count -> BigInt,
        units -> BigInt,
        checked -> BigInt,
        staged -> BigInt,
        told -> BigInt,
        counts -> Text,
        fault_count -> BigInt,
        created_by -> UidSql,
        confirmed_by -> Nullable<UidSql>,
        confirmed_at -> Nullable<BigInt>,
        created_at -> BigInt,
        updated_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        emptied_at -> Nullable<BigInt>,
        expires_at -> BigInt,
        leased_by -> Nullable<UidSql>,
        lease_until -> BigInt,
        tries -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    policy_import_faults (import_id, number) {
        import_id -> UidSql,
        number -> BigInt,
        sheet_row -> BigInt,
        fault -> Text,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    policy_import_rows (import_id, number) {
        import_id -> UidSql,
        number -> BigInt,
        unit -> BigInt,
        person_id -> Nullable<UidSql>,
        holder_person_id -> Nullable<UidSql>,
        payer_person_id -> Nullable<UidSql>,
        beneficiary_person_id -> Nullable<UidSql>,
        policy_mac -> Nullable<Binary>,
        family_mac -> Nullable<Binary>,
        insured_mac -> Nullable<Binary>,
        person_mac -> Nullable<Binary>,
        body -> Binary,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    policy_import_policies (import_id, unit, id) {
        import_id -> UidSql,
        unit -> BigInt,
        id -> UidSql,
        household_id -> UidSql,
        county -> UidSql,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        product -> Binary,
        policy_number -> Nullable<Binary>,
        insurer_code -> Text,
        holder_person_id -> UidSql,
        payer_person_id -> UidSql,
        starts_on -> Text,
        ends_on -> Text,
        registered_by -> UidSql,
        assignee -> Nullable<UidSql>,
        at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    policy_import_insured (import_id, unit, policy_id, person_id) {
        import_id -> UidSql,
        unit -> BigInt,
        policy_id -> UidSql,
        person_id -> UidSql,
        position -> BigInt,
        sum_agreed -> Binary,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    policy_import_beneficiaries (import_id, unit, policy_id, person_id) {
        import_id -> UidSql,
        unit -> BigInt,
        policy_id -> UidSql,
        person_id -> UidSql,
        position -> BigInt,
        share -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    policy_import_people (import_id, unit, person_id) {
        import_id -> UidSql,
        unit -> BigInt,
        person_id -> UidSql,
        household_id -> UidSql,
        fresh -> Bool,
        fresh_household -> Bool,
        person_version -> BigInt,
        household_version -> BigInt,
        answers -> BigInt,
        agreed -> Bool,
        household_policies -> BigInt,
        consent_id -> Nullable<UidSql>,
        text_version -> Nullable<BigInt>,
        channel -> Nullable<Text>,
        given_by -> Nullable<Text>,
        given_at -> Nullable<BigInt>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    associations (id) {
        id -> UidSql,
        version -> BigInt,
        kind -> Text,
        title -> Text,
        parent_id -> Nullable<UidSql>,
        county -> Nullable<UidSql>,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        area_id -> UidSql,
        area_code -> Text,
        founded_on -> Text,
        dissolved_on -> Nullable<Text>,
        dissolved_because -> Nullable<Text>,
        office_rank -> Nullable<Text>,
        office_premises -> Nullable<Text>,
        office_equipped -> Nullable<Bool>,
        office_own_line -> Nullable<Bool>,
        staff_establishment -> Nullable<BigInt>,
        staff_full_time -> Nullable<BigInt>,
        staff_by_reference -> Nullable<Bool>,
        staff_fit -> Nullable<Bool>,
        staff_wages_budgeted -> Nullable<Bool>,
        registered_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    post_rules (code) {
        code -> Text,
        version -> BigInt,
        association_kind -> Text,
        post -> Text,
        asked_of -> Text,
        positions -> Text,
        five_elders -> Nullable<Bool>,
        full_time -> Nullable<Bool>,
        civil_servant -> Nullable<Bool>,
        least -> BigInt,
        most -> BigInt,
        term_years -> BigInt,
        assumed -> Bool,
        updated_by -> Nullable<crate::db::types::UidSql>,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    posts (id) {
        id -> UidSql,
        version -> BigInt,
        association_id -> UidSql,
        county -> Nullable<UidSql>,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        area_id -> UidSql,
        person_id -> Nullable<UidSql>,
        post -> Text,
        holds_position -> Text,
        full_time -> Bool,
        civil_servant -> Bool,
        managed_by_reference -> Bool,
        five_elders -> Bool,
        retired -> Bool,
        allowance -> Nullable<BigInt>,
        begins_on -> Text,
        ends_on -> Text,
        ended_on -> Nullable<Text>,
        ended_because -> Nullable<Text>,
        term -> BigInt,
        registered_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    memberships (id) {
        id -> UidSql,
        version -> BigInt,
        association_id -> UidSql,
        county -> Nullable<UidSql>,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        area_id -> UidSql,
        person_id -> UidSql,
        joined_on -> Text,
        backbone_since -> Nullable<Text>,
        left_on -> Nullable<Text>,
        left_because -> Nullable<Text>,
        registered_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    member_cards (id) {
        id -> UidSql,
        membership_id -> UidSql,
        number -> Text,
        issued_on -> Text,
        issued_by -> UidSql,
        voided_on -> Nullable<Text>,
        voided_because -> Nullable<Text>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    studies (id) {
        id -> UidSql,
        version -> BigInt,
        association_id -> UidSql,
        county -> Nullable<UidSql>,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        area_id -> UidSql,
        kind -> Text,
        led_by -> Text,
        topic -> Text,
        held_on -> Text,
        findings -> Nullable<Binary>,
        registered_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    action_items (id) {
        id -> UidSql,
        version -> BigInt,
        study_id -> UidSql,
        association_id -> UidSql,
        county -> Nullable<UidSql>,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        area_id -> UidSql,
        owner_post -> Text,
        problem -> Binary,
        raised_on -> Text,
        due_on -> Text,
        state -> Text,
        settled_on -> Nullable<Text>,
        reason -> Nullable<Text>,
        outcome -> Nullable<Binary>,
        registered_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    ratings (id) {
        id -> UidSql,
        version -> BigInt,
        association_id -> UidSql,
        county -> Nullable<UidSql>,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        area_id -> UidSql,
        year -> BigInt,
        decided -> Text,
        grade -> Text,
        decided_by -> Text,
        decided_on -> Text,
        reasons -> Text,
        state -> Text,
        appealed_on -> Nullable<Text>,
        appeal -> Nullable<Binary>,
        settled_on -> Nullable<Text>,
        outcome -> Nullable<Text>,
        answer -> Nullable<Binary>,
        awards_withheld -> Nullable<Bool>,
        awards_decided_on -> Nullable<Text>,
        registered_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    rating_consequences (id) {
        id -> UidSql,
        rating_id -> UidSql,
        awards_withheld -> Bool,
        decided_on -> Text,
        registered_by -> UidSql,
        created_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    association_works (id) {
        id -> UidSql,
        version -> BigInt,
        association_id -> UidSql,
        county -> Nullable<UidSql>,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        area_id -> UidSql,
        kind -> Text,
        title -> Text,
        held_on -> Text,
        participants -> Nullable<BigInt>,
        hours -> Nullable<BigInt>,
        groups_commended -> Nullable<BigInt>,
        people_commended -> Nullable<BigInt>,
        channel -> Nullable<Text>,
        outlet -> Nullable<Text>,
        link -> Nullable<Text>,
        cancelled_because -> Nullable<Text>,
        cancelled_at -> Nullable<BigInt>,
        registered_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    sites (id) {
        id -> UidSql,
        version -> BigInt,
        kind -> Text,
        title -> Text,
        county -> UidSql,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        area_id -> UidSql,
        area_code -> Text,
        people -> BigInt,
        counted_on -> Text,
        counted_by -> Text,
        association_id -> Nullable<UidSql>,
        linked_on -> Nullable<Text>,
        closed_on -> Nullable<Text>,
        closed_because -> Nullable<Text>,
        registered_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    site_headcounts (id) {
        id -> UidSql,
        site_id -> UidSql,
        people -> BigInt,
        counted_on -> Text,
        counted_by -> Text,
        registered_by -> UidSql,
        created_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    site_rules (kind) {
        kind -> Text,
        version -> BigInt,
        over_people -> BigInt,
        assumed -> Bool,
        updated_by -> Nullable<UidSql>,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    haves (code) {
        code -> Text,
        version -> BigInt,
        part -> Text,
        ordinal -> BigInt,
        label_zh -> Text,
        label_en -> Text,
        asked -> Bool,
        assumed -> Bool,
        updated_by -> Nullable<UidSql>,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    site_checks (id) {
        id -> UidSql,
        site_id -> UidSql,
        have -> Text,
        found -> Bool,
        checked_on -> Text,
        checked_by -> UidSql,
        evidence -> Text,
        note -> Nullable<Binary>,
        created_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    selections (id) {
        id -> UidSql,
        version -> BigInt,
        association_id -> UidSql,
        county -> Nullable<UidSql>,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        area_id -> UidSql,
        year -> BigInt,
        category -> Text,
        places -> BigInt,
        state -> Text,
        publicity_from -> Nullable<Text>,
        publicity_to -> Nullable<Text>,
        decided_on -> Nullable<Text>,
        decided_by -> Nullable<Text>,
        cancelled_because -> Nullable<Text>,
        registered_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    nominations (id) {
        id -> UidSql,
        version -> BigInt,
        selection_id -> UidSql,
        association_id -> UidSql,
        area_id -> UidSql,
        person_id -> Nullable<UidSql>,
        reasons -> Text,
        state -> Text,
        agreed_on -> Nullable<Text>,
        agreed_channel -> Nullable<Text>,
        settled_on -> Nullable<Text>,
        registered_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    objections (id) {
        id -> UidSql,
        version -> BigInt,
        selection_id -> UidSql,
        nomination_id -> Nullable<UidSql>,
        topic -> Text,
        told -> Nullable<Binary>,
        raised_on -> Text,
        state -> Text,
        answered_on -> Nullable<Text>,
        outcome -> Nullable<Text>,
        answer -> Nullable<Binary>,
        registered_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    office_records (id) {
        id -> UidSql,
        association_id -> UidSql,
        as_of -> Text,
        office_rank -> Nullable<Text>,
        office_premises -> Nullable<Text>,
        office_equipped -> Nullable<Bool>,
        office_own_line -> Nullable<Bool>,
        staff_establishment -> Nullable<BigInt>,
        staff_full_time -> Nullable<BigInt>,
        staff_by_reference -> Nullable<Bool>,
        staff_fit -> Nullable<Bool>,
        staff_wages_budgeted -> Nullable<Bool>,
        registered_by -> UidSql,
        created_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    retired_subsidies (id) {
        id -> UidSql,
        version -> BigInt,
        post_id -> UidSql,
        association_id -> UidSql,
        county -> Nullable<UidSql>,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        area_id -> UidSql,
        monthly -> BigInt,
        paid_from -> Text,
        from_on -> Text,
        until_on -> Nullable<Text>,
        ended_because -> Nullable<Text>,
        registered_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    village_texts (id) {
        id -> UidSql,
        version -> BigInt,
        county -> UidSql,
        town -> UidSql,
        village -> UidSql,
        area_code -> Text,
        kind -> Text,
        edition -> BigInt,
        replaces_id -> Nullable<UidSql>,
        title -> Text,
        adopted_on -> Text,
        adopted_by -> Text,
        deliberation_id -> Nullable<UidSql>,
        filed_on -> Nullable<Text>,
        ended_on -> Nullable<Text>,
        ended_because -> Nullable<Text>,
        evidence -> Nullable<Text>,
        registered_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    deliberations (id) {
        id -> UidSql,
        version -> BigInt,
        county -> UidSql,
        town -> UidSql,
        village -> UidSql,
        area_code -> Text,
        charter_id -> Nullable<UidSql>,
        topic -> Text,
        title -> Text,
        form -> Text,
        state -> Text,
        announced_on -> Text,
        held_on -> Nullable<Text>,
        participants -> Nullable<BigInt>,
        evidence -> Nullable<Text>,
        cancelled_because -> Nullable<Text>,
        cancelled_at -> Nullable<BigInt>,
        registered_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    deliberation_parts (id) {
        id -> UidSql,
        deliberation_id -> UidSql,
        stage -> Text,
        way -> Text,
        on_day -> Text,
        participants -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    village_decisions (id) {
        id -> UidSql,
        version -> BigInt,
        county -> UidSql,
        town -> UidSql,
        village -> UidSql,
        area_code -> Text,
        deliberation_id -> UidSql,
        title -> Text,
        result -> Text,
        decided_on -> Text,
        votes_for -> Nullable<BigInt>,
        votes_against -> Nullable<BigInt>,
        votes_abstained -> Nullable<BigInt>,
        cancelled_because -> Nullable<Text>,
        cancelled_at -> Nullable<BigInt>,
        registered_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    implementations (id) {
        id -> UidSql,
        version -> BigInt,
        county -> UidSql,
        town -> UidSql,
        village -> UidSql,
        area_code -> Text,
        decision_id -> UidSql,
        task -> Text,
        owner_post -> Nullable<Text>,
        owner_user_id -> Nullable<UidSql>,
        begun_on -> Text,
        due_on -> Text,
        state -> Text,
        settled_on -> Nullable<Text>,
        settled_by -> Nullable<UidSql>,
        reason -> Nullable<Text>,
        outcome -> Nullable<Binary>,
        reopened -> BigInt,
        cancelled_because -> Nullable<Text>,
        cancelled_at -> Nullable<BigInt>,
        registered_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    village_checks (id) {
        id -> UidSql,
        version -> BigInt,
        county -> UidSql,
        town -> UidSql,
        village -> UidSql,
        area_code -> Text,
        implementation_id -> UidSql,
        checked_on -> Text,
        checked_by -> Text,
        finding -> Text,
        note -> Nullable<Binary>,
        cancelled_because -> Nullable<Text>,
        cancelled_at -> Nullable<BigInt>,
        registered_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    village_disclosures (id) {
        id -> UidSql,
        version -> BigInt,
        county -> UidSql,
        town -> UidSql,
        village -> UidSql,
        area_code -> Text,
        subject -> Text,
        text_id -> Nullable<UidSql>,
        deliberation_id -> Nullable<UidSql>,
        decision_id -> Nullable<UidSql>,
        implementation_id -> Nullable<UidSql>,
        check_id -> Nullable<UidSql>,
        title -> Text,
        board -> Text,
        spot -> Nullable<Text>,
        posted_from -> Text,
        posted_until -> Nullable<Text>,
        evidence -> Nullable<Text>,
        cancelled_because -> Nullable<Text>,
        cancelled_at -> Nullable<BigInt>,
        registered_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    village_opinions (id) {
        id -> UidSql,
        version -> BigInt,
        county -> UidSql,
        town -> UidSql,
        village -> UidSql,
        area_code -> Text,
        deliberation_id -> Nullable<UidSql>,
        topic -> Text,
        told -> Nullable<Binary>,
        voiced_on -> Text,
        state -> Text,
        due_on -> Text,
        due_provisional -> Bool,
        referred_to -> Nullable<Text>,
        referred_on -> Nullable<Text>,
        answer -> Nullable<Binary>,
        answered_on -> Nullable<Text>,
        answered_by -> Nullable<UidSql>,
        registered_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    leading_examples (id) {
        id -> UidSql,
        version -> BigInt,
        county -> UidSql,
        town -> UidSql,
        village -> UidSql,
        area_code -> Text,
        matter -> Text,
        shown_on -> Text,
        members -> Nullable<BigInt>,
        statement -> Nullable<Binary>,
        cancelled_because -> Nullable<Text>,
        cancelled_at -> Nullable<BigInt>,
        registered_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    village_confirmations (id) {
        id -> UidSql,
        version -> BigInt,
        county -> UidSql,
        town -> UidSql,
        village -> UidSql,
        area_code -> Text,
        year -> BigInt,
        revision -> BigInt,
        qualified -> Bool,
        counted -> Bool,
        criteria_year -> BigInt,
        reasons -> Text,
        note -> Nullable<Binary>,
        decided_on -> Text,
        registered_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    self_governance_criteria_sets (year) {
        year -> BigInt,
        version -> BigInt,
        assumed -> Bool,
        updated_by -> Nullable<UidSql>,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    self_governance_criteria (year, ordinal) {
        year -> BigInt,
        ordinal -> BigInt,
        code -> Text,
        title_zh -> Text,
        title_en -> Text,
        fact -> Text,
        least -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    frozen_years (association_id, year) {
        association_id -> UidSql,
        year -> BigInt,
        frozen_at -> BigInt,
        frozen_by -> Nullable<UidSql>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    fund_accounts (code) {
        code -> Text,
        class -> Text,
        spent_on -> Nullable<Text>,
        title_zh -> Text,
        title_en -> Text,
        holds_cash -> Bool,
        created_by -> Nullable<UidSql>,
        created_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    fund_entries (id) {
        id -> UidSql,
        association_id -> UidSql,
        county -> Nullable<UidSql>,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        area_id -> UidSql,
        source -> Text,
        booked_on -> Text,
        voucher -> Text,
        reverses_id -> Nullable<UidSql>,
        posted_by -> UidSql,
        posted_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    fund_lines (entry_id, position) {
        entry_id -> UidSql,
        position -> BigInt,
        account -> Text,
        side -> Text,
        amount -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    fund_fee_years (id) {
        id -> UidSql,
        version -> BigInt,
        association_id -> UidSql,
        year -> BigInt,
        total -> BigInt,
        registered_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    budgets (id) {
        id -> UidSql,
        version -> BigInt,
        association_id -> UidSql,
        county -> Nullable<UidSql>,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        area_id -> UidSql,
        year -> BigInt,
        activity_funds -> BigInt,
        family_planning_funds -> BigInt,
        approved_on -> Text,
        evidence -> Text,
        registered_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    budget_facts (budget_id, kind) {
        budget_id -> UidSql,
        kind -> Text,
        holds -> Bool,
        evidence -> Text,
        shown_on -> Text,
        amount -> Nullable<BigInt>,
        heads -> Nullable<BigInt>,
        noted_by -> UidSql,
        noted_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    village_needs (id) {
        id -> UidSql,
        version -> BigInt,
        association_id -> UidSql,
        county -> Nullable<UidSql>,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        area_id -> UidSql,
        need -> Text,
        asked -> BigInt,
        asked_on -> Text,
        met -> Nullable<BigInt>,
        answered_on -> Nullable<Text>,
        registered_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    care_programmes (id) {
        id -> UidSql,
        version -> BigInt,
        association_id -> UidSql,
        county -> Nullable<UidSql>,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        area_id -> UidSql,
        kind -> Text,
        year -> BigInt,
        began_on -> Text,
        evidence -> Text,
        ended_on -> Nullable<Text>,
        registered_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    care_projects (id) {
        id -> UidSql,
        version -> BigInt,
        programme_id -> UidSql,
        association_id -> UidSql,
        county -> Nullable<UidSql>,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        area_id -> UidSql,
        title -> Text,
        plan -> Nullable<Binary>,
        budget -> BigInt,
        begins_on -> Text,
        ends_on -> Text,
        closed_on -> Nullable<Text>,
        registered_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    care_sessions (id) {
        id -> UidSql,
        version -> BigInt,
        project_id -> UidSql,
        association_id -> UidSql,
        county -> Nullable<UidSql>,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        area_id -> UidSql,
        held_on -> Text,
        participants -> BigInt,
        hours -> BigInt,
        cancelled_at -> Nullable<BigInt>,
        registered_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    care_families (id) {
        id -> UidSql,
        version -> BigInt,
        household_id -> UidSql,
        began_on -> Text,
        special_since -> Nullable<Text>,
        township_contact -> Nullable<UidSql>,
        township_contact_since -> Nullable<Text>,
        village_contact -> Nullable<UidSql>,
        village_contact_since -> Nullable<Text>,
        doctor -> Nullable<Binary>,
        doctor_since -> Nullable<Text>,
        channel -> Nullable<Binary>,
        channel_since -> Nullable<Text>,
        ended_on -> Nullable<Text>,
        ended_because -> Nullable<Text>,
        registered_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    care_help (id) {
        id -> UidSql,
        version -> BigInt,
        family_id -> UidSql,
        association_id -> UidSql,
        project_id -> Nullable<UidSql>,
        kind -> Text,
        value -> BigInt,
        given_on -> Text,
        entry_id -> Nullable<UidSql>,
        cancelled_at -> Nullable<BigInt>,
        registered_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    care_visits (id) {
        id -> UidSql,
        family_id -> UidSql,
        contact -> Text,
        visited_by -> UidSql,
        visited_on -> Text,
        way -> Text,
        noted_by -> UidSql,
        noted_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    assessment_schemes (id) {
        id -> UidSql,
        version -> BigInt,
        year -> BigInt,
        number -> BigInt,
        state -> Text,
        content -> Text,
        registered_by -> UidSql,
        in_force_since -> Nullable<BigInt>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    area_profiles (area_id, year) {
        area_id -> UidSql,
        year -> BigInt,
        population -> Nullable<BigInt>,
        foundation -> Nullable<Text>,
        updated_by -> UidSql,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    responsibility_targets (id) {
        id -> UidSql,
        association_id -> UidSql,
        area_id -> UidSql,
        year -> BigInt,
        total_points -> BigInt,
        association_points -> BigInt,
        agreed_on -> Text,
        updated_by -> UidSql,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    assessment_plans (association_id, year, source) {
        association_id -> UidSql,
        year -> BigInt,
        source -> Text,
        planned -> BigInt,
        updated_by -> UidSql,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    assessment_cases (id) {
        id -> UidSql,
        version -> BigInt,
        association_id -> UidSql,
        county -> Nullable<UidSql>,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        area_id -> UidSql,
        year -> BigInt,
        state -> Text,
        registered_by -> UidSql,
        submitted_by -> Nullable<UidSql>,
        submitted_on -> Nullable<Text>,
        reviewed_by -> Nullable<UidSql>,
        reviewed_on -> Nullable<Text>,
        objection_until -> Nullable<Text>,
        objected_by -> Nullable<UidSql>,
        objected_on -> Nullable<Text>,
        objection -> Nullable<Binary>,
        decided_by -> Nullable<UidSql>,
        decided_on -> Nullable<Text>,
        outcome -> Nullable<Text>,
        answer -> Nullable<Binary>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    assessment_statements (id) {
        id -> UidSql,
        case_id -> UidSql,
        indicator -> Text,
        claimed -> Text,
        statement -> Nullable<Binary>,
        evidence -> Text,
        found -> Nullable<Text>,
        remark -> Nullable<Binary>,
        updated_by -> UidSql,
        updated_at -> BigInt,
        decided -> Nullable<Text>,
        decided_remark -> Nullable<Binary>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    assessment_vetoes (id) {
        id -> UidSql,
        version -> BigInt,
        association_id -> UidSql,
        county -> Nullable<UidSql>,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        area_id -> UidSql,
        year -> BigInt,
        decided_by -> Text,
        decided_on -> Text,
        reasons -> Text,
        statement -> Binary,
        state -> Text,
        appealed_on -> Nullable<Text>,
        appeal -> Nullable<Binary>,
        settled_on -> Nullable<Text>,
        outcome -> Nullable<Text>,
        answer -> Nullable<Binary>,
        registered_by -> UidSql,
        created_at -> BigInt,
        updated_at -> BigInt,
        appealed_by -> Nullable<UidSql>,
        settled_by -> Nullable<UidSql>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    assessment_snapshots (id) {
        id -> UidSql,
        area_id -> UidSql,
        county -> Nullable<UidSql>,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        year -> BigInt,
        revision -> BigInt,
        because -> Text,
        content -> Text,
        digest -> Text,
        signature -> Text,
        signed_with -> Text,
        signer -> Text,
        frozen_by -> UidSql,
        frozen_at -> BigInt,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    possession_checks (home_id, kind, checked_on) {
        home_id -> UidSql,
        kind -> Text,
        checked_on -> Text,
        present -> Bool,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    assessment_snapshot_sheets (snapshot_id, area_id) {
        snapshot_id -> UidSql,
        area_id -> UidSql,
        county -> Nullable<UidSql>,
        town -> Nullable<UidSql>,
        village -> Nullable<UidSql>,
        year -> BigInt,
        content -> Text,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    care_provisions (family_id, kind, since_on) {
        family_id -> UidSql,
        kind -> Text,
        since_on -> Text,
        until_on -> Nullable<Text>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    site_links (site_id, linked_on) {
        site_id -> UidSql,
        linked_on -> Text,
        association_id -> UidSql,
        until_on -> Nullable<Text>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    former_terms (post_id, until_on) {
        post_id -> UidSql,
        until_on -> Text,
        ends_on -> Text,
        holds_position -> Text,
        full_time -> Bool,
        civil_servant -> Bool,
        five_elders -> Bool,
        allowance -> Nullable<BigInt>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    former_backbone (membership_id, since_on) {
        membership_id -> UidSql,
        since_on -> Text,
        until_on -> Text,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::UidSql;
    assessment_snapshot_facts (snapshot_id, source) {
        snapshot_id -> UidSql,
        source -> Text,
        content -> Text,
    }
}
diesel::allow_tables_to_appear_in_same_query!(
    meta,
    erasures,
    erased_records,
    key_moves,
    area_editions,
    areas,
    area_codes,
    area_changes,
    area_change_parts,
    area_carries,
    area_decisions,
    area_coverage,
    users,
    assignments,
    devices,
    sessions,
    enrolments,
    auth_events,
    audit_entries,
    audit_seals,
    changes,
    feed_lineage,
    idempotency_keys,
    households,
    persons,
    consent_texts,
    consents,
    residents,
    residence_episodes,
    possession_kinds,
    member_homes,
    home_openings,
    home_possessions,
    visits,
    visit_opinions,
    follow_ups,
    insurance_products,
    policies,
    policy_insured,
    policy_beneficiaries,
    claims,
    claim_events,
    claim_documents,
    claim_payments,
    festivals,
    festival_days,
    campaigns,
    campaign_reminders,
    campaign_writers,
    campaign_announcements,
    activities,
    activity_media,
    campaign_templates,
    calendar_feeds,
    channel_bindings,
    campaign_alarms,
    campaign_alarm_runs,
    notifications,
    deliveries,
    delivery_receipts,
    push_providers,
    notification_settings,
    push_phones,
    push_minutes,
    sync_operations,
    sync_resting,
    device_sync,
    disclosures,
    person_receipts,
    privacy_requests,
    rights_requests,
    duplicate_pairs,
    merge_moves,
    duplicate_search,
    service_kinds,
    services,
    service_tally,
    work_days,
    liaison_peers,
    liaison_notices,
    liaison_drafts,
    liaison_fields,
    liaison_scopes,
    liaison_withdrawals,
    liaison_files,
    liaison_peer_keys,
    household_tally,
    insurance_quarters,
    insurance_figures,
    concerns,
    associations,
    post_rules,
    posts,
    memberships,
    member_cards,
    studies,
    action_items,
    ratings,
    rating_consequences,
    association_works,
    sites,
    site_headcounts,
    site_rules,
    haves,
    site_checks,
    selections,
    nominations,
    objections,
    office_records,
    retired_subsidies,
    village_texts,
    deliberations,
    deliberation_parts,
    village_decisions,
    implementations,
    village_checks,
    village_disclosures,
    village_opinions,
    leading_examples,
    village_confirmations,
    self_governance_criteria_sets,
    self_governance_criteria,
    frozen_years,
    fund_accounts,
    fund_entries,
    fund_lines,
    fund_fee_years,
    budgets,
    budget_facts,
    village_needs,
    care_programmes,
    care_projects,
    care_sessions,
    care_families,
    care_help,
    care_visits,
    assessment_schemes,
    area_profiles,
    responsibility_targets,
    assessment_plans,
    assessment_cases,
    assessment_statements,
    assessment_vetoes,
    assessment_snapshots,
    possession_checks,
    care_provisions,
    site_links,
    former_terms,
    former_backbone,
    assessment_snapshot_sheets,
    assessment_snapshot_facts,
);
diesel::joinable!(residents -> persons (person_id));
diesel::joinable!(deliveries -> notifications (notification_id));
diesel::joinable!(deliveries -> devices (device_id));
diesel::joinable!(campaign_reminders -> campaigns (campaign_id));
diesel::joinable!(campaign_alarms -> campaigns (campaign_id));
diesel::joinable!(assignments -> users (user_id));
diesel::joinable!(devices -> users (user_id));
diesel::joinable!(notification_settings -> users (user_id));
diesel::joinable!(notifications -> campaigns (campaign_id));
diesel::joinable!(services -> residents (resident_id));
diesel::joinable!(service_tally -> areas (area_id));
diesel::joinable!(household_tally -> areas (area_id));
diesel::joinable!(liaison_fields -> liaison_notices (notice_id));
diesel::joinable!(fund_lines -> fund_entries (entry_id));
diesel::joinable!(care_families -> households (household_id));
diesel::joinable!(assessment_snapshot_sheets -> assessment_snapshots (snapshot_id));
